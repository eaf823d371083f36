import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

// The server's Content-Security-Policy lets only files of its own run: nothing
// may be written into the page, and nothing is fetched from elsewhere.
export default defineConfig({
  base: '/console/',
  plugins: [svelte()],
  build: {
    outDir: '../internal/console/dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022'
  }
})
