import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { explainOversize, PROPERTY_MEMBERS } from '../../shared/blobs/blob-properties.ts'

const Properties = z.object(PROPERTY_MEMBERS)
const messagesOf = (properties: unknown): string[] =>
  Properties.safeParse(properties).error?.issues.map(({ message }) => message) ?? []

describe('the names of user metadata', () => {
  it.each(['owner', 'x-y_z.1', '', '0', "!#$%&'*+-.^_`|~"])('may be %j', (name) => {
    expect(Properties.parse({ user_metadata: { a: '1', [name]: '2' } })).toEqual({
      user_metadata: { a: '1', [name]: '2' },
    })
  })

  it.each(['Owner', 'a b', 'a:b', 'ñ', 'a\n', 'a/b'])('must not be %j', (name) => {
    expect(messagesOf({ user_metadata: { a: '1', [name]: '2' } })).toEqual([
      `the name ${JSON.stringify(name)} is not allowed; ` +
        "names consist of lower-case ASCII letters, digits and !#$%&'*+-.^_`|~",
    ])
  })
})

describe('the values of user metadata and headers', () => {
  it('must be values that HTTP headers can contain', () => {
    expect(messagesOf({ user_metadata: { a: 'two words', b: '' }, headers: { expires: 'é' } })).toEqual([])
    for (const value of [' a', 'a ', 'é', '\n'])
      expect(messagesOf({ user_metadata: { a: value } })).toEqual([expect.stringContaining('printable ASCII')])
    for (const value of [' a', 'a ', '', '\n', '勇'])
      expect(messagesOf({ headers: { expires: value } })).toEqual([expect.stringContaining('a header value')])
  })
})

describe('the properties of a blob', () => {
  const metadata = (bytes: number) => ({ a: 'x'.repeat(bytes - 1) })
  const headers = { cache_control: 'no-store', expires: '0' }

  it('fit into S3 if no limit is exceeded, or if they are unknown', () => {
    expect(explainOversize({})).toBeUndefined()
    expect(explainOversize({ content_type: 'text/plain', headers, user_metadata: metadata(2048) })).toBeUndefined()
  })

  it('have at most 2 KB of user metadata, counted as decoded names and values', () => {
    expect(explainOversize({ user_metadata: metadata(2049) })).toBe(
      'user_metadata has 2049 bytes; at most 2048 are allowed',
    )
    const encoded = (bytes: number) => ({ owner: `=?UTF-8?B?${Buffer.alloc(bytes - 5, 'x').toString('base64')}?=` })
    expect(explainOversize({ user_metadata: encoded(2048) })).toBeUndefined()
    expect(explainOversize({ user_metadata: encoded(2049) })).toMatch('user_metadata has 2049 bytes')
  })

  it('have at most 8 KB in all headers together', () => {
    // `no-store` and `0` have 9 bytes, and the user metadata has 2,000.
    const withType = (content_type: string) => ({ content_type, headers, user_metadata: metadata(2_000) })
    const room = 8_192 - 9 - 2_000
    expect(explainOversize(withType('t'.repeat(room)))).toBeUndefined()
    expect(explainOversize(withType('t'.repeat(room + 1)))).toBe(
      'content_type, headers and user_metadata have 8193 bytes; at most 8192 are allowed',
    )
  })

  it('have a content type that counts in the encoded form if a header cannot contain it', () => {
    const parameter = 'application/octet-stream; specstar-type=""'.length
    // The encoded form of `ñ` is `%C3%B1`.
    const fitting = Math.floor((8_192 - parameter) / 6)
    expect(explainOversize({ content_type: 'ñ'.repeat(fitting) })).toBeUndefined()
    expect(explainOversize({ content_type: 'ñ'.repeat(fitting + 1) })).toBe(
      `content_type, headers and user_metadata have ${parameter + 6 * (fitting + 1)} bytes; at most 8192 are allowed`,
    )
  })
})
