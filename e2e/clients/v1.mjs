// Uploads files with version 1.1 of X's API as the npm SDK twitter-api-v2 speaks
// it, each from its path and from memory, and prints what it was told as one line
// of JSON.
//
//   node v1.mjs http://127.0.0.1:8080 '{"appKey":…}'|TOKEN [subtitles=FILE] media_type=FILE…
//
// The SDK always goes to https://upload.x.com, so its agent opens plain
// connections to the server instead. What it signs is what it was made for.

import { readFile } from 'node:fs/promises'
import https from 'node:https'
import net from 'node:net'
import { EUploadMimeType, TwitterApi } from 'twitter-api-v2'

const [server, credentials, ...files] = process.argv.slice(2)
const { hostname: host, port } = new URL(server)

class PlainAgent extends https.Agent {
  createConnection(options, connected) {
    return net.connect({ host, port }, connected)
  }
}

const httpAgent = new PlainAgent({ keepAlive: true })
const { v1 } = new TwitterApi(credentials.startsWith('{') ? JSON.parse(credentials) : credentials, { httpAgent })

let captions
const uploads = []
for (const file of files) {
  const [mimeType, path] = file.split('=')
  try {
    if (mimeType === 'subtitles') {
      captions = await v1.uploadMedia(path, { mimeType: EUploadMimeType.Srt })
      continue
    }
    const fromPath = await v1.uploadMedia(path, { mimeType, chunkLength: 100_000, maxConcurrentUploads: 3 })
    const full = await v1.uploadMedia(await readFile(path), { mimeType, additionalOwners: ['12', '99'] }, true)
    for (const id of [fromPath, full.media_id_string]) {
      await v1.createMediaMetadata(id, { alt_text: { text: `a file of ${mimeType}` } })
    }
    if (mimeType === 'video/mp4' && captions) {
      const tracks = ['EN', 'DE'].map(language_code => ({ media_id: captions, language_code, display_name: language_code }))
      await v1.createMediaSubtitles(fromPath, tracks)
      await v1.deleteMediaSubtitles(fromPath, 'DE')
    }
    uploads.push({ mimeType, ids: [fromPath, full.media_id_string], full, info: await v1.mediaInfo(fromPath) })
  } catch (e) {
    uploads.push({ mimeType, error: String(e), code: e.code, errors: e.errors, data: e.data })
  }
}
console.log(JSON.stringify(uploads))
httpAgent.destroy()
