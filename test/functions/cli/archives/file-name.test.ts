import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fileNameOf } from '../../../../functions/cli/archives/extract/file-name.ts'

const HOSTILE = [
  '',
  '.',
  '..',
  '../x',
  '/etc/passwd',
  '\\\\server\\x',
  'C:\\x',
  'a/../../b',
  'nul\0byte',
  'con',
  'NUL',
  'Com1',
]
const MORE = [
  'aux.txt',
  'a'.repeat(255),
  'é'.repeat(255),
  'a.',
  'a ',
  '~',
  'a~b',
  '%2e%2e',
  'ÅÅ',
  'A\u030a',
  'line\nfeed',
]

/** Ids that differ in few characters, so that their names are likely to collide. */
const ids = fc.oneof(
  fc.constantFrom(...HOSTILE, ...MORE),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({ unit: fc.constantFrom('a', 'A', '.', '/', '%', '2', 'e', 'E', '~', '-', 'é', 'É'), maxLength: 6 }),
)

describe('fileNameOf', () => {
  it('distinguishes lone surrogates', () => {
    expect(new Set(['\ud800', '\ud801', '\ufffd', '\udfff'].map(fileNameOf)).size).toBe(4)
  })

  it('returns a name that is no path, for any id', () => {
    fc.assert(
      fc.property(ids, (id) => {
        const name = fileNameOf(id)
        expect(name).toMatch(/^[A-Za-z0-9_%~-]+$/)
        expect(name.length).toBeLessThanOrEqual(200)
        expect(name).not.toMatch(/^(?:con|prn|aux|nul|com\d|lpt\d)$/i)
      }),
      { numRuns: 2_000 },
    )
  })

  it('returns different names for different ids, even if upper and lower case are the same', () => {
    fc.assert(
      fc.property(ids, ids, (a, b) => {
        fc.pre(a.toWellFormed() !== b.toWellFormed())
        expect(fileNameOf(a).toLowerCase()).not.toBe(fileNameOf(b).toLowerCase())
      }),
      { numRuns: 5_000 },
    )
  })

  it.each([
    ['country:TW', /^country%3ATW~[0-9a-f]{32}$/],
    ['guild-iron', /^guild-iron$/],
    ['5f2c9e7d-0b1a', /^5f2c9e7d-0b1a$/],
    ['..', /^%2E%2E$/],
    ['con', /^con~[0-9a-f]{32}$/],
    ['', /^~e3b0c442/],
  ])('names %j so that a person recognizes it', (id, expected) => {
    expect(fileNameOf(id)).toMatch(expected)
  })
})
