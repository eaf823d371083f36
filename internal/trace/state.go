package trace

import "strings"

// What of a tracestate is passed on: members beyond maxState bytes in all go,
// those longer than maxMember first and then the last ones (§3.3.1.5).
const (
	maxMembers = 32
	maxMember  = 128
	maxState   = 512
)

// readState puts the values of the header, which may be there several times,
// together, "" where they are malformed.
func readState(values []string) string {
	size := 0
	for _, v := range values {
		if size += len(v); size > 16<<10 {
			return ""
		}
	}
	var members []string
	seen := map[string]bool{}
	for _, v := range values {
		for m := range strings.SplitSeq(v, ",") {
			if m = strings.Trim(m, " \t"); m == "" {
				continue // allowed, and says nothing
			}
			name, value, cut := strings.Cut(m, "=")
			if !cut || !isKey(name) || !isValue(value) || seen[name] || len(members) == maxMembers {
				return ""
			}
			seen[name] = true
			members = append(members, m)
		}
	}
	return shortened(members)
}

func shortened(members []string) string {
	length := -1
	for _, m := range members {
		length += len(m) + 1
	}
	for i := len(members) - 1; i >= 0 && length > maxState; i-- {
		if len(members[i]) > maxMember {
			length -= len(members[i]) + 1
			members = append(members[:i], members[i+1:]...)
		}
	}
	for length > maxState {
		last := len(members) - 1
		length -= len(members[last]) + 1
		members = members[:last]
	}
	return strings.Join(members, ",")
}

// isKey: a lower-case letter or digit, then up to 255 of those, _, -, *, / and,
// for a tenant of a system, one @ (§3.3.1.3.1). A system's name begins with a
// letter and has at most 14 characters, a tenant's 241.
func isKey(s string) bool {
	tenant, system, two := strings.Cut(s, "@")
	if two {
		return isName(tenant, 241) && isName(system, 14) && !digit(system[0])
	}
	return isName(s, 256)
}

func isName(s string, most int) bool {
	if s == "" || len(s) > most || !lower(s[0]) && !digit(s[0]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !lower(c) && !digit(c) && c != '_' && c != '-' && c != '*' && c != '/' {
			return false
		}
	}
	return true
}

// isValue: up to 256 printable ASCII characters but comma and =, the last of
// them no blank (§3.3.1.3.2).
func isValue(s string) bool {
	if s == "" || len(s) > 256 || s[len(s)-1] == ' ' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == ',' || c == '=' {
			return false
		}
	}
	return true
}

func lower(c byte) bool { return c >= 'a' && c <= 'z' }

func digit(c byte) bool { return c >= '0' && c <= '9' }
