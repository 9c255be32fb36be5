import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeWords, encodeIfNeeded, encodeWord } from '../../shared/values/encoded-words.ts'

describe('encoded words of RFC 2047', () => {
  it('are decoded from both encodings, and from other character sets', () => {
    expect(decodeWords('=?UTF-8?B?Y2Fmw6k=?=')).toBe('café')
    expect(decodeWords('=?utf-8?b?Y2Fmw6k?=')).toBe('café')
    expect(decodeWords('=?UTF-8?Q?caf=C3=A9_au_lait?=')).toBe('café au lait')
    expect(decodeWords('=?ISO-8859-1?q?caf=e9?=')).toBe('café')
    expect(decodeWords('=?UTF-8?B?YQ?=')).toBe('a')
    expect(decodeWords('=?UTF-8?Q??=')).toBe('')
  })

  it('are joined without the white space between them, and keep other white space', () => {
    expect(decodeWords('=?UTF-8?Q?a?=  =?UTF-8?Q?b?= c  d')).toBe('ab c  d')
    expect(decodeWords('x =?UTF-8?Q?a?= ')).toBe('x a ')
    expect(decodeWords(' =?UTF-8?Q?a?=')).toBe(' a')
    expect(decodeWords('=?UTF-8?Q?a?= \t =?UTF-8?Q?b?= =?UTF-8?Q?c?=')).toBe('abc')
    expect(decodeWords('=?UTF-8?Q?a?= x =?UTF-8?Q?b?=')).toBe('a x b')
  })

  it.each([
    'plain text',
    'a =? b',
    '=?no-such-charset?B?YQ==?=',
    '=?UTF-8?X?a?=',
    '=?UTF-8?B?Y?=',
    '=?UTF-8?B?not base64?=',
    '=?UTF-8?Q?100=?=',
    '=?UTF-8?Q?100=4?=',
    ' two  spaces\tand a tab ',
    '=?UTF-8?Q?=FF?=',
    'in=?UTF-8?Q?side?=',
  ])('leave the text %j as it is', (text) => {
    expect(decodeWords(text)).toBe(text)
  })

  it('keep a byte order mark, because it is part of the text', () => {
    expect(decodeWords('=?UTF-8?B?77u/YQ==?=')).toBe('\ufeffa')
  })

  it('contain text outside ASCII only, because other text is not encoded', () => {
    expect(encodeIfNeeded('plain\ttext')).toBe('plain\ttext')
    expect(encodeIfNeeded('café')).toBe('=?UTF-8?B?Y2Fmw6k=?=')
    expect(encodeIfNeeded('\u0007')).toBe('=?UTF-8?B?Bw==?=')
  })

  it('decode to the text that was encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(encodeWord(text)).toMatch(/^[!-~]+$/)
        expect(decodeWords(encodeWord(text))).toBe(text)
      }),
    )
  })
})
