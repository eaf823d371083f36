// Looks a media up again and again with the npm SDK twitter-api-v2, until it is
// refused or has done so COUNT times, and prints what the SDK knows of the limits
// as one line of JSON.
//
//   node rates.mjs http://127.0.0.1:8080 TOKEN KEY COUNT
//
// The SDK speaks https only, so its agent opens plain connections instead.

import https from 'node:https'
import net from 'node:net'
import { TwitterApi } from 'twitter-api-v2'

const [server, token, key, count] = process.argv.slice(2)

class PlainAgent extends https.Agent {
  createConnection(options, connected) {
    return net.connect({ host: options.host, port: options.port }, connected)
  }
}

const httpAgent = new PlainAgent({ keepAlive: true })
const client = new TwitterApi(token, { httpAgent })
client.v2.setPrefix(server.replace(/^http:/, 'https:') + '/2/')

const seen = []
let refusal
for (let n = 0; n < Number(count); n++) {
  try {
    seen.push((await client.v2.get('media', { media_keys: key }, { fullResponse: true })).rateLimit)
  } catch (e) {
    refusal = { code: e.code, rateLimitError: e.rateLimitError, rateLimit: e.rateLimit, title: e.data?.title }
    break
  }
}
console.log(JSON.stringify({ asked: seen.length, first: seen[0], last: seen.at(-1), refusal }))
httpAgent.destroy()
