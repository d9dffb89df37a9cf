import { defineConfig, loadEnv, type Plugin } from 'vite';

// Two ways to reach billpay:
//
// - the same origin (nothing set): `npm run dev` and `npm run preview` pass /graphql on to BILLPAY_URL, as your
//   reverse proxy would. billpay needs no setting.
// - another origin: build with VITE_BILLPAY_URL=https://pay.example.com, and let billpay know this page's origin by
//   BILLPAY_HTTP__ALLOWED_ORIGINS.
export default defineConfig(({ mode }) => {
  const env = loadEnv(mode, process.cwd(), ['BILLPAY_', 'VITE_']);
  const behind = env.BILLPAY_URL ?? 'http://127.0.0.1:8080';
  // The Host header stays the page's, so that billpay sees a WebSocket from its own origin.
  const proxy = { '/graphql': { target: behind, ws: true, changeOrigin: false } };
  return {
    base: './',
    build: { target: 'es2022', modulePreload: { polyfill: false } },
    server: { proxy },
    preview: { proxy },
    plugins: [contentSecurityPolicy(env.VITE_BILLPAY_URL)],
  };
});

// The built page may load from and talk to its own origin and billpay's: no other host, no script made from text.
function contentSecurityPolicy(api: string | undefined): Plugin {
  const elsewhere = api ? [new URL(api).origin, new URL(api).origin.replace(/^http/, 'ws')] : [];
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    ["connect-src 'self'", ...elsewhere].join(' '),
    "base-uri 'none'",
    "form-action 'none'",
  ];
  return {
    name: 'content-security-policy',
    apply: 'build',
    transformIndexHtml: () => [
      { tag: 'meta', injectTo: 'head-prepend', attrs: { 'http-equiv': 'Content-Security-Policy', content: policy.join('; ') } },
    ],
  };
}
