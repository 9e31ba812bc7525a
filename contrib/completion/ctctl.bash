# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for ctctl. Written by: ctctl --completion bash
_ctctl()
{
	local words command='' i cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}

	case $prev in
	-o|--output) words='text wide save dump json ndjson conntrack extended id timestamp ktimestamp labels' ;;
	--color) words='auto always never' ;;
	--socket) compopt -o default; return ;;
	--timeout) return ;;
	--sort) words='bytes packets age idle timeout' ;;
	-n|--limit) return ;;
	-e|--event-mask) words='NEW UPDATES DESTROY ALL' ;;
	--rate) return ;;
	-w|--write) return ;;
	--bytes) return ;;
	--duration) return ;;
	--snaplen) return ;;
	--library) return ;;
	--src|src) return ;;
	--dst|dst) return ;;
	--reply-src|reply-src) return ;;
	--reply-dst|reply-dst) return ;;
	--proto|proto) words='tcp udp icmp icmpv6 sctp udplite gre dccp' ;;
	--sport|sport) return ;;
	--dport|dport) return ;;
	--state|state) words='SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT CLOSE' ;;
	--status|status) words='ASSURED SEEN_REPLY OFFLOAD' ;;
	--mark|mark) return ;;
	--zone|zone) return ;;
	--family|family) words='ipv4 ipv6' ;;
	--id|id) return ;;
	esac
	if [[ -n ${words-} ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
		return
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--|-o|--output|--color|--socket|--timeout|--sort|-n|--limit|-e|--event-mask|--rate|-w|--write|--bytes|--duration|--snaplen|--library|--src|--dst|--reply-src|--reply-dst|--proto|--sport|--dport|--state|--status|--mark|--zone|--family|--id) ((i++)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]} && break ;;
		esac
	done
	case $command in
	'') words='status list get count delete flush set ban unban bans monitor answer trace capture stats queues proto rules explain load diff rule reload run config metrics help' ;;
	status) words=''
		;;
	list) words='dying unconfirmed expect ask proto src dst host sport dport port state status mark zone rule iif oif age idle timeout bytes packets verdict reason id family icmp-type icmp-code reply-src reply-dst reply-sport reply-dport and or not all --sort -n --limit -z --zero -s --src -d --dst -r --reply-src -q --reply-dst -p --proto --sport --dport --state -u --status -m --mark -w --zone -f --family -i --id --src-nat --dst-nat --any-nat'
		;;
	get) words='proto src dst host sport dport port state status mark zone rule iif oif age idle timeout bytes packets verdict reason id family icmp-type icmp-code reply-src reply-dst reply-sport reply-dport and or not all -s --src -d --dst -r --reply-src -q --reply-dst -p --proto --sport --dport --state -u --status -m --mark -w --zone -f --family -i --id --src-nat --dst-nat --any-nat'
		;;
	count) words='proto src dst host sport dport port state status mark zone rule iif oif age idle timeout bytes packets verdict reason id family icmp-type icmp-code reply-src reply-dst reply-sport reply-dport and or not all -s --src -d --dst -r --reply-src -q --reply-dst -p --proto --sport --dport --state -u --status -m --mark -w --zone -f --family -i --id --src-nat --dst-nat --any-nat'
		;;
	delete) words='expect proto src dst host sport dport port state status mark zone rule iif oif age idle timeout bytes packets verdict reason id family icmp-type icmp-code reply-src reply-dst reply-sport reply-dport and or not all --fail-if-none -s --src -d --dst -r --reply-src -q --reply-dst -p --proto --sport --dport --state -u --status -m --mark -w --zone -f --family -i --id --src-nat --dst-nat --any-nat'
		;;
	flush) words=' -y --yes'
		;;
	set) words='list add delete flush test proto src dst host sport dport port state status mark zone rule iif oif age idle timeout bytes packets verdict reason id family icmp-type icmp-code reply-src reply-dst reply-sport reply-dport and or not all --kill -s --src -d --dst -r --reply-src -q --reply-dst -p --proto --sport --dport --state -u --status -m --mark -w --zone -f --family -i --id --src-nat --dst-nat --any-nat'
		;;
	ban) words=' --kill'
		;;
	unban) words=' --fail-if-none'
		;;
	bans) words=''
		;;
	monitor) words='new update destroy rules drop expect ask sets proto src dst host sport dport port state status mark zone rule iif oif age idle timeout bytes packets verdict reason id family icmp-type icmp-code reply-src reply-dst reply-sport reply-dport and or not all -e --event-mask -n --limit -s --src -d --dst -r --reply-src -q --reply-dst -p --proto --sport --dport --state -u --status -m --mark -w --zone -f --family -i --id --src-nat --dst-nat --any-nat'
		;;
	answer) words=''
		;;
	trace) words='proto src dst host sport dport port state status mark zone rule iif oif age idle timeout bytes packets verdict reason id family icmp-type icmp-code reply-src reply-dst reply-sport reply-dport and or not all -n --limit --rate -s --src -d --dst -r --reply-src -q --reply-dst -p --proto --sport --dport --state -u --status -m --mark -w --zone -f --family -i --id --src-nat --dst-nat --any-nat'
		;;
	capture) words='proto src dst host sport dport port state status mark zone rule iif oif age idle timeout bytes packets verdict reason id family icmp-type icmp-code reply-src reply-dst reply-sport reply-dport and or not all -w --write --dropped -n --limit --bytes --duration --snaplen --rate -s --src -d --dst -r --reply-src -q --reply-dst -p --proto --sport --dport --state -u --status -m --mark -w --zone -f --family -i --id --src-nat --dst-nat --any-nat'
		;;
	stats) words=' -z --zero --reasons'
		;;
	queues) words=''
		;;
	proto) words='list load unload'
		;;
	rules) words=' --hits --unused'
		;;
	explain) words=''
		;;
	load) words=' -c --check'
		compopt -o default
		;;
	diff) words=''
		compopt -o default
		;;
	rule) words='add insert replace delete -c --check'
		;;
	reload) words=''
		;;
	run) words=' --library'
		;;
	config) words='show check --defaults'
		;;
	metrics) words=''
		;;
	help) words=''
		;;
	esac
	words+=' -j --json -J --ndjson -o --output -4 --ipv4 -6 --ipv6 -H --no-header -q --quiet --color --socket --timeout -h --help -V --version'
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _ctctl ctctl
