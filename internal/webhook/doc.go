// Package webhook sends what happens to media to the addresses that their
// owners named, signed as Standard Webhooks (https://www.standardwebhooks.com)
// says. An event that a webhook wants is delivered at least once, with the same
// webhook-id at each try, unless the receiver fails for days; nothing is said of
// the order. What waits is in the catalogue: this room keeps nothing on disk,
// and any number of processes may send from the same catalogue.
package webhook
