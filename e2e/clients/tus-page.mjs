// The page that tus-browser.mjs opens: Uppy and tus-js-client upload /file. It is
// reloaded in the middle of Uppy's upload, and goes on with it.

import Uppy from '@uppy/core'
import Tus from '@uppy/tus'
import * as tus from 'tus-js-client'

const { endpoint, token } = await (await fetch('/settings')).json()
const file = new File([await (await fetch('/file')).blob()], 'noise.png', { type: 'image/png', lastModified: 1 })
const headers = { Authorization: `Bearer ${token}` }
const chunkSize = 128 << 10

window.requests = []
// most is how many PATCHes are sent; then the upload stands still.
window.uppy = (most = Infinity) => new Promise((resolve, reject) => {
  const uppy = new Uppy({ autoProceed: true })
  uppy.use(Tus, {
    endpoint, headers, chunkSize, allowedMetaFields: true,
    onBeforeRequest: async (req) => {
      const sent = window.requests.filter((m) => m === 'PATCH').length
      if (req.getMethod() === 'PATCH' && sent >= most) await new Promise(() => {})
      window.requests.push(req.getMethod())
    },
  })
  uppy.on('upload-success', (f, res) => resolve(res.uploadURL))
  uppy.on('upload-error', (f, e) => reject(e))
  uppy.addFile({ name: file.name, type: file.type, data: file, meta: { media_category: 'tweet_image', alt: 'Noise' } })
})
window.parallel = () => new Promise((resolve, reject) => {
  let state
  const upload = new tus.Upload(file, {
    endpoint, headers, chunkSize, parallelUploads: 3, metadata: { alt: 'Noise', filetype: file.type },
    onAfterResponse: (_, res) => { state = res.getHeader('Magpie-State') ?? state },
    onError: reject,
    onSuccess: () => resolve({ url: upload.url, state }),
  })
  upload.start()
})
window.ready = true
