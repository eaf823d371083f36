import { vitePreprocess } from '@sveltejs/vite-plugin-svelte'

export default {
  preprocess: vitePreprocess(),
  compilerOptions: {
    runes: true,
    cssHash: ({ hash, css }) => 'svelte-' + hash(css) // of the path it would differ from checkout to checkout
  }
}
