// Uploads a file with the npm SDK twitter-api-v2 just as it is installed: no base
// URL, agent or option is set, so that it goes to https://api.x.com. Prints what it
// was told as one line of JSON.
//
//   node hosts.mjs TOKEN media_type FILE

import { readFile } from 'node:fs/promises'
import { TwitterApi } from 'twitter-api-v2'

const [token, media_type, file] = process.argv.slice(2)
const client = new TwitterApi(token)

try {
  const id = await client.v2.uploadMedia(await readFile(file), { media_type })
  const status = await client.v2.get('media/upload', { command: 'STATUS', media_id: id }, { fullResponse: true })
  const key = status.data.data.media_key
  const found = await client.v2.get(`media/${key}`, { 'media.fields': 'url,variants,preview_image_url' })
  const shown = found.data.url ?? found.data.preview_image_url
  const bytes = (await (await fetch(shown)).arrayBuffer()).byteLength
  console.log(JSON.stringify({ id, status: status.data.data, rateLimit: status.rateLimit, shown, bytes }))
} catch (e) {
  console.log(JSON.stringify({ error: String(e), cause: e._options?.error?.code, status: e.code, data: e.data }))
}
