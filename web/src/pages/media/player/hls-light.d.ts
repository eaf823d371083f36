// hls.js without what magpie's HLS has no use for; the package has no types of its own for it.
declare module 'hls.js/light' {
  export { default } from 'hls.js'
}
