-- SPDX-License-Identifier: GPL-2.0-or-later
--
-- ctlink.lua - a dissector of ctlink(7), for recordings made by ctlink-record
--
--	tshark -X lua_script:ctlink.lua -r FILE
--	tshark -X lua_script:ctlink.lua -r FILE -Y 'ctlink.errno < 0' -V
--
-- A frame is 4 bytes of the recorder (connection, direction, version) and one datagram: one
-- or more netlink messages. The names, types and nesting of attributes are those of the
-- manual page (ctlink_names.lua, written by make-names); what it does not have is shown by its
-- number and bytes.

local folder = debug.getinfo(1, "S").source:match("^@(.*/)") or "./"
local names = dofile(folder .. "ctlink_names.lua")

local ctlink = Proto("ctlink", "ctqd control protocol")
local direction_names = { [0] = "to ctqd", [1] = "from ctqd" }
local f = {
	connection = ProtoField.uint16("ctlink.connection", "Connection"),
	direction = ProtoField.uint8("ctlink.direction", "Direction", base.DEC, direction_names),
	length = ProtoField.uint32("ctlink.length", "nlmsg_len"),
	type = ProtoField.uint16("ctlink.type", "nlmsg_type", base.HEX),
	name = ProtoField.string("ctlink.message", "Message"),
	flags = ProtoField.uint16("ctlink.flags", "nlmsg_flags", base.HEX),
	seq = ProtoField.uint32("ctlink.seq", "nlmsg_seq"),
	pid = ProtoField.uint32("ctlink.pid", "nlmsg_pid"),
	family = ProtoField.uint8("ctlink.family", "nfgen_family"),
	version = ProtoField.uint8("ctlink.version", "version"),
	res_id = ProtoField.uint16("ctlink.res_id", "res_id"),
	errno = ProtoField.int32("ctlink.errno", "error"),
	answered = ProtoField.uint32("ctlink.answers", "answers the request with nlmsg_seq"),
	attribute = ProtoField.string("ctlink.attribute", "Attribute"),
	value = ProtoField.string("ctlink.value", "Value"),
	bytes = ProtoField.bytes("ctlink.bytes", "Bytes"),
}
ctlink.fields = f
local malformed = ProtoExpert.new("ctlink.malformed", "a length lies", expert.group.MALFORMED,
	expert.severity.ERROR)
ctlink.experts = { malformed }

local NLMSG = { [1] = "NLMSG_NOOP", [2] = "NLMSG_ERROR", [3] = "NLMSG_DONE",
	[0x10] = "NFNL_MSG_BATCH_BEGIN", [0x11] = "NFNL_MSG_BATCH_END" }
local FLAGS = { { 0x1, "REQUEST" }, { 0x2, "MULTI" }, { 0x4, "ACK" }, { 0x10, "DUMP_INTR" } }
local NLM_F_ACK_TLVS, NLMSG_ERROR, NLMSG_DONE = 0x200, 2, 3
-- Messages whose attributes have another name than they.
local OTHERS = { CTQ_MSG_DAEMON_SUBSCRIBE = "CTQA_GROUP", IPCTNL_MSG_CT_GET_STATS = "CTA_STATS_GLOBAL",
	IPCTNL_MSG_CT_GET_STATS_CPU = "CTA_STATS", NFNL_MSG_BATCH_BEGIN = "NFNL_BATCH" }

-- The table of a message's attributes: CTQ_MSG_DAEMON_STATS_GET has CTQA_STATS_*,
-- CTQ_MSG_RULE_NEW has CTQA_RULE_*.
local function level_of(message)
	if OTHERS[message] then return OTHERS[message] end
	if message:match("^IPCTNL_MSG_CT_") then return "CTA" end
	if message:match("^IPCTNL_MSG_EXP_") then return "CTA_EXPECT" end
	local words = message:gsub("^CTQ_MSG_", "")
	for word in words:gsub("^DAEMON_(%u+)", "%1"):gmatch("%u+") do
		if names.levels["CTQA_" .. word] then return "CTQA_" .. word end
	end
	return "CTQA_DAEMON"
end

-- ---- values -------------------------------------------------------------------------------

local function integer(tvb)
	return tvb:len() == 8 and tostring(tvb:uint64()) or tostring(tvb:uint())
end

local function value_of(name, kind, tvb)
	local size = tvb:len()
	if kind == "flag" then return "" end
	if kind == "string" then return '"' .. tvb:string():gsub("%z$", "") .. '"' end
	if kind == "host u32" and size == 4 then
		return string.format("%u", tvb:le_uint()) -- recorded on little-endian machines
	end
	if kind:match("^u") and (size == 1 or size == 2 or size == 4 or size == 8) then
		return integer(tvb)
	end
	if name:match("_IP_V4_") and size == 4 then return tostring(tvb:ipv4()) end
	if name:match("_IP_V6_") and size == 16 then return tostring(tvb:ipv6()) end
	return tostring(tvb:bytes())
end

-- ---- attributes ----------------------------------------------------------------------------

local attributes

-- Attributes that stand beside those of any message.
local function row_of(level, number)
	local rows = names.levels[level]
	return rows and rows[number] or (number >= 0x100 and names.levels.CTA[number]) or nil
end

local function attribute(tvb, tree, level)
	local number = bit.band(tvb(2, 2):le_uint(), 0x3fff)
	local row = row_of(level, number) or { "attribute " .. number, "bytes" }
	local name, kind, below = row[1], row[2], row[3]
	local payload = tvb:len() > 4 and tvb(4) or nil
	if kind == "nested" and names.levels[below] then
		local node = tree:add(f.attribute, tvb, name)
		if payload then attributes(payload, node, below) end
		return
	end
	local value = payload and value_of(name, kind, payload) or ""
	tree:add(f.attribute, tvb, name, name .. (value ~= "" and ": " .. value or ""))
		:add(f.value, payload or tvb, value)
end

attributes = function(tvb, tree, level)
	local offset, size = 0, tvb:len()
	while offset < size do
		local length = size - offset >= 4 and tvb(offset, 2):le_uint() or 0
		if length < 4 or length > size - offset then
			tree:add_proto_expert_info(malformed)
			return
		end
		attribute(tvb(offset, length), tree, level)
		offset = offset + bit.band(length + 3, bit.bnot(3))
	end
end

-- ---- messages -------------------------------------------------------------------------------

local function error_message(tvb, node, flags)
	local code = tvb(16, 4):le_int()
	node:add_le(f.errno, tvb(16, 4))
	node:add_le(f.answered, tvb(28, 4))
	if bit.band(flags, NLM_F_ACK_TLVS) ~= 0 and tvb:len() > 36 then
		attributes(tvb(36), node, "ERROR")
	end
	node:append_text(code == 0 and ": acknowledged" or ": errno " .. -code)
end

local function done_message(tvb, node, flags)
	node:add_le(f.errno, tvb(16, 4))
	if bit.band(flags, NLM_F_ACK_TLVS) ~= 0 and tvb:len() > 20 then
		attributes(tvb(20), node, "ERROR")
	end
end

local function plain_message(tvb, node, name)
	node:add(f.family, tvb(16, 1))
	node:add(f.version, tvb(17, 1))
	node:add(f.res_id, tvb(18, 2))
	if tvb:len() > 20 then attributes(tvb(20), node, level_of(name)) end
end

local function flag_words(flags)
	local words = {}
	for _, flag in ipairs(FLAGS) do
		if bit.band(flags, flag[1]) ~= 0 then words[#words + 1] = flag[2] end
	end
	return table.concat(words, " ")
end

local function message(tvb, tree)
	local kind, flags = tvb(4, 2):le_uint(), tvb(6, 2):le_uint()
	local subsystem = names.subsystems[bit.rshift(kind, 8)] or "subsystem " .. bit.rshift(kind, 8)
	local name = NLMSG[kind] or names.messages[kind] or
		subsystem .. " message " .. bit.band(kind, 0xff)
	local node = tree:add(f.name, tvb, name)
	node:add_le(f.length, tvb(0, 4))
	node:add_le(f.type, tvb(4, 2))
	node:add_le(f.flags, tvb(6, 2)):append_text(" " .. flag_words(flags))
	node:add_le(f.seq, tvb(8, 4))
	node:add_le(f.pid, tvb(12, 4))
	if kind == NLMSG_ERROR and tvb:len() >= 36 then
		error_message(tvb, node, flags)
	elseif kind == NLMSG_DONE and tvb:len() >= 20 then
		done_message(tvb, node, flags)
	elseif tvb:len() >= 20 then
		plain_message(tvb, node, name)
	end
	return name
end

-- "IPCTNL_MSG_CT_NEW ×500, NLMSG_DONE" for a datagram's line.
local function summary(seen)
	local parts = {}
	for _, item in ipairs(seen) do
		parts[#parts + 1] = item.count > 1 and item.name .. " x" .. item.count or item.name
	end
	return table.concat(parts, ", ")
end

local function note(seen, name)
	local last = seen[#seen]
	if last and last.name == name then
		last.count = last.count + 1
	else
		seen[#seen + 1] = { name = name, count = 1 }
	end
end

function ctlink.dissector(tvb, pinfo, root)
	local tree = root:add(ctlink, tvb())
	local offset, size, seen = 4, tvb:len(), {}
	tree:add(f.connection, tvb(0, 2))
	tree:add(f.direction, tvb(2, 1))
	while offset < size do
		local length = size - offset >= 16 and tvb(offset, 4):le_uint() or 0
		if length < 16 or length > size - offset then
			tree:add(f.bytes, tvb(offset))
			tree:add_proto_expert_info(malformed)
			note(seen, "malformed")
			break
		end
		note(seen, message(tvb(offset, length), tree))
		offset = offset + bit.band(length + 3, bit.bnot(3))
	end
	pinfo.cols.protocol = "ctlink"
	pinfo.cols.info = direction_names[tvb(2, 1):uint()] .. ": " .. summary(seen)
end

DissectorTable.get("wtap_encap"):add(wtap.USER0, ctlink)
