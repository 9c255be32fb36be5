import type { Answer } from './answer.ts'

/**
 * The page loads only files of this API, and no other site can show it in a frame. Its scripts cannot insert HTML from
 * strings into the document.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const SECURITY_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const

/** Returns the document of the page. Browsers request it each time, because its files change with each release. */
export const pageAnswer = (html: string): Answer => ({
  status: 200,
  text: html,
  headers: { ...SECURITY_HEADERS, 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' },
})

/** Returns a file of the page. Browsers keep it, because a changed file has another name. */
export const pageFileAnswer = ({ type, body }: { readonly type: string; readonly body: string }): Answer => ({
  status: 200,
  text: body,
  headers: { ...SECURITY_HEADERS, 'content-type': type, 'cache-control': 'public, max-age=31536000, immutable' },
})
