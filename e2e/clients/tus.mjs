// Uploads a file with tus-js-client, and prints what happens, a line of JSON each.
//
//   node tus.mjs ENDPOINT TOKEN FILE WAY
//
// WAY is whole, chunks (which is aborted and gone on with by a new client, as after
// a reload), parallel or deferred.

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { PassThrough } from 'node:stream'
import tus from 'tus-js-client'

const [endpoint, token, path, way] = process.argv.slice(2)
const say = (o) => console.log(JSON.stringify(o))
const size = (await stat(path)).size

// send uploads until the end or until it has sent abortAt bytes, and gives the
// upload's URL.
function send({ file = createReadStream(path), ...more }, abortAt = Infinity) {
  return new Promise((resolve, reject) => {
    const upload = new tus.Upload(file, {
      endpoint,
      uploadSize: size,
      headers: { Authorization: `Bearer ${token}` },
      metadata: { filename: 'noise.png', filetype: 'image/png', media_category: 'tweet_image', alt: 'Noise' },
      retryDelays: Array(100).fill(100),
      onChunkComplete: (_, sent) => {
        say({ sent })
        if (sent >= abortAt) upload.abort().then(() => resolve(upload.url), reject)
      },
      onAfterResponse: (_, res) => {
        const id = res.getHeader('Magpie-Media-Id')
        if (id) say({ id, state: res.getHeader('Magpie-State') })
      },
      onError: reject,
      onSuccess: () => resolve(upload.url),
      ...more,
    })
    upload.start()
  })
}

try {
  let url
  if (way === 'chunks') {
    const chunkSize = 256 << 10
    url = await send({ chunkSize }, size / 3)
    say({ aborted: url })
    url = await send({ chunkSize, uploadUrl: url })
  } else if (way === 'parallel') {
    url = await send({ parallelUploads: 3, uploadSize: null, chunkSize: 256 << 10, metadataForPartialUploads: {} })
  } else if (way === 'deferred') {
    url = await send({ file: createReadStream(path).pipe(new PassThrough()), uploadLengthDeferred: true, uploadSize: null, chunkSize: 300 << 10 })
  } else {
    url = await send({ uploadDataDuringCreation: true })
  }
  say({ url })
} catch (e) {
  say({ error: String(e), body: e.originalResponse?.getBody() })
  process.exit(1)
}
