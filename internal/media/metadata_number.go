package media

import (
	"encoding/json"
	"math"
	"strconv"
)

// lastSecond is the end of the year 9999, the last that RFC 3339 can write.
const lastSecond = 253402300799

// maxNumber is how long a number may be written.
const maxNumber = 40

// id reads a required media id. A number is taken too where it is written in
// digits, which JSON carries exactly.
func (o *object) id(name string) ID {
	o.require(name)
	if !o.has(name) {
		return 0
	}
	digits := string(o.members[name])
	if jsonKind(o.members[name]) != "integer" {
		if !o.is(name, "string") {
			return 0
		}
		digits = unquote(o.members[name])
	}
	id, err := ParseID(digits)
	if err != nil {
		o.fail(name, "does not match the regex pattern ^[0-9]{1,19}$; send the media id that the upload answered, such as \"1146654567674912769\"")
	}
	return id
}

// seconds reads a required number of whole seconds since 1970. Exponents and a
// fraction of zero are taken, as some encoders write them.
func (o *object) seconds(name string) int64 {
	o.require(name)
	if !o.is(name, "number") {
		return 0
	}
	written := string(o.members[name])
	n, err := strconv.ParseInt(written, 10, 64)
	if err != nil {
		f, _ := strconv.ParseFloat(written, 64) // out of range is ±Inf
		f = max(-1, min(f, 2*lastSecond))
		if f != math.Trunc(f) {
			o.fail(name, "must be a whole number of seconds since 1970, such as 1740787200")
		}
		n = int64(f)
	}
	if n <= 0 {
		o.fail(name, "must be a positive number of seconds since 1970, such as 1740787200")
	} else if n > lastSecond {
		o.fail(name, "is after the year 9999; send seconds since 1970, such as 1740787200, and not milliseconds")
	}
	return n
}

// number reads an optional number and keeps it as it was written; "" is none.
func (o *object) number(name string) json.Number {
	if !o.is(name, "number") {
		return ""
	}
	written := string(o.members[name])
	if len(written) > maxNumber {
		o.fail(name, "must be a number of at most %d characters", maxNumber)
	} else if _, err := strconv.ParseFloat(written, 64); err != nil {
		o.fail(name, "is larger than a double can hold")
	}
	return json.Number(written)
}

// long reads an optional integer and keeps it as it was written; "" is none.
func (o *object) long(name string) json.Number {
	if !o.is(name, "integer") {
		return ""
	}
	written := string(o.members[name])
	if _, err := strconv.ParseInt(written, 10, 64); err != nil {
		o.fail(name, "is not within 64 bits")
	}
	return json.Number(written)
}
