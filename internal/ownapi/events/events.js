// magpieEvents(video, token) tells magpie how a <video> is played, and gives a
// function for what only the page knows: track("cta_url") or "cta_watch".
(function (w, d) {
	var url = ((d.currentScript || {}).src || "/magpie/v1/events.js").replace(/\.js.*$/, "");
	w.magpieEvents = function (v, token, at) {
		var queue = [], seen = {}, watched = 0, told = 0, last = 0, busy;
		function add(type, ms) {
			if (!seen[type] || ms) {
				seen[type] = 1;
				queue.push({type: type, ms: ms, at: Date.now()});
			}
		}
		function send(leaving) {
			if (watched - told >= 1) add("watch", told = Math.floor(watched));
			if (!queue.length || busy && !leaving) return;
			var sent = queue.slice(-100), body = JSON.stringify({token: token, events: sent});
			function done() { queue = queue.filter(function (e) { return sent.indexOf(e) < 0; }); }
			if (leaving && navigator.sendBeacon && navigator.sendBeacon(at || url, body)) return done();
			busy = 1;
			fetch(at || url, {method: "POST", body: body, keepalive: true}).then(function (r) {
				busy = 0;
				if (r.status < 429) done();
			}, function () { busy = 0; });
		}
		function tick() {
			var now = performance.now(), part = v.currentTime / v.duration;
			if (last && !v.seeking) watched += Math.min(now - last, 2e3);
			last = v.paused ? 0 : now;
			if (watched >= 2e3) add("view");
			[25, 50, 75].forEach(function (p) { if (part * 100 >= p) add("p" + p); });
			if (part >= .98 || v.ended) add("complete");
		}
		v.addEventListener("play", function () {
			if ((navigator.userActivation || {}).isActive) add("tap");
		});
		v.addEventListener("playing", function () { last = performance.now(); add("start"); });
		["timeupdate", "pause", "ended"].forEach(function (e) { v.addEventListener(e, tick); });
		setInterval(send, 1e4);
		w.addEventListener("pagehide", function () { send(1); });
		d.addEventListener("visibilitychange", function () { if (d.hidden) send(1); });
		return function (type) { add(type); send(); };
	};
})(window, document);
