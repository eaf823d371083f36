// Uploads files with the npm SDK twitter-api-v2, as an app would, and prints what
// it was told as one line of JSON.
//
//   node upload.mjs http://127.0.0.1:8080 TOKEN media_type[:media_category]=file…
//
// The SDK speaks https only, so its agent opens plain connections instead.

import { readFile } from 'node:fs/promises'
import https from 'node:https'
import net from 'node:net'
import { ApiResponseError, TwitterApi } from 'twitter-api-v2'

const [server, token, ...files] = process.argv.slice(2)

class PlainAgent extends https.Agent {
  createConnection(options, connected) {
    return net.connect({ host: options.host, port: options.port }, connected)
  }
}

const httpAgent = new PlainAgent({ keepAlive: true })
const client = new TwitterApi(token, { httpAgent })
client.v2.setPrefix(server.replace(/^http:/, 'https:') + '/2/')

const uploads = []
for (const file of files) {
  const [kind, path] = file.split('=')
  const [media_type, media_category] = kind.split(':')
  try {
    const id = await client.v2.uploadMedia(await readFile(path), { media_type, media_category })
    const metadata = await client.v2.createMediaMetadata(id, { alt_text: { text: `a file of ${media_type}` } })
    const status = await client.v2.get('media/upload', { command: 'STATUS', media_id: id })
    uploads.push({ media_type, id, metadata: metadata.data, status: status.data })
  } catch (e) {
    uploads.push({ media_type, error: String(e), code: e.code, data: e.data, known: e instanceof ApiResponseError, rateLimit: e.rateLimit })
  }
}
console.log(JSON.stringify(uploads))
httpAgent.destroy()
