package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"strconv"
	"time"

	"magpie/internal/delivery"
	"magpie/internal/media"
	"magpie/internal/ownapi"
	"magpie/internal/webhook"
)

// webhookSecret is what webhooks' secrets are sealed for.
const webhookSecret = "webhook secret"

// webhookTargets are the networks of --webhook-allow beside the public ones.
func (s *settings) webhookTargets(wrong func(name, format string, args ...any)) webhook.Targets {
	var t webhook.Targets
	for _, text := range s.WebhookAllow {
		network, err := parseNetwork(text)
		if err != nil {
			wrong("webhook-allow", "%q is not a network, such as 10.0.0.0/8, nor an address", text)
			continue
		}
		t.Allow = append(t.Allow, network)
	}
	return t
}

// targets is webhookTargets of settings that were validated.
func (s *settings) targets() webhook.Targets {
	return s.webhookTargets(func(string, string, ...any) {})
}

// webhooks is what the endpoints of webhooks need.
func (a *app) webhooks() ownapi.Webhooks {
	return ownapi.Webhooks{
		Seal: func(id int64, secret string) string {
			return a.keys.Seal(webhookSecret, strconv.FormatInt(id, 10), secret)
		},
		Targets: a.settings.targets(), Random: rand.Reader,
	}
}

// sendWebhooks sends what is due until ctx ends.
func (a *app) sendWebhooks(ctx context.Context) {
	c := webhook.Config{
		Catalog: a.catalog,
		Open: func(id int64, sealed string) (string, error) {
			return a.keys.Open(webhookSecret, strconv.FormatInt(id, 10), sealed)
		},
		Targets: a.settings.targets(), Now: time.Now, Random: rand.Reader, Log: a.log,
		Alone: a.settings.alone(), Tried: a.meters.webhookTried,
	}
	links := delivery.Links{Public: a.settings.PublicURL, Media: a.settings.MediaOrigin}
	if links != (delivery.Links{}) {
		c.Link = func(m media.Media, name string) string { return links.Rendition(&http.Request{}, m, name) }
	}
	webhook.New(c).Run(ctx)
}
