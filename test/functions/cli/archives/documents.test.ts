import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layOutJson } from '../../../../functions/cli/archives/documents/json-layout.ts'
import { payloadMembers } from '../../../../functions/cli/archives/documents/payload-text.ts'
import { shortId, shownId } from '../../../../functions/cli/archives/shown-id.ts'
import { encodeMsgpack } from '../../../../shared/specstar/msgpack-writer.ts'
import { Timestamp } from '../../../../shared/specstar/timestamp.ts'

describe('layOutJson', () => {
  it('writes the same text as JSON.stringify, from any layout', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 1, 3), (value, space) => {
        const json = JSON.stringify(value, null, space)
        expect(layOutJson(json, true)).toBe(JSON.stringify(value, null, 2))
        expect(layOutJson(json, false)).toBe(JSON.stringify(value))
      }),
      { numRuns: 500 },
    )
  })

  it('writes strings of many millions of characters', () => {
    const text = 'x'.repeat(64 * 1024 ** 2)
    expect(layOutJson(`{"a":"${text}"}`, true).length).toBe(text.length + '{\n  "a": ""\n}'.length)
    const escaped = JSON.stringify({ 'a"': '\\"'.repeat(4_000_000) })
    expect(layOutJson(escaped, false) === escaped).toBe(true)
  })

  it('keeps numbers, escapes, repeated keys and brackets in strings', () => {
    const json = '{ "a" : 1.0, "a":12345678901234567890, "b":"\\u00e9 ]}, \\"{",\n "c":[ ],"d": { } }'
    expect(layOutJson(json, false)).toBe('{"a":1.0,"a":12345678901234567890,"b":"\\u00e9 ]}, \\"{","c":[],"d":{}}')
  })
})

describe('payloadMembers', () => {
  it('keeps every character of JSON', () => {
    expect(payloadMembers('{"a": 1.0}')).toBe('"payload":{"a": 1.0}')
    expect(payloadMembers(Buffer.from('[12345678901234567890]'))).toBe('"payload":[12345678901234567890]')
  })

  it('decodes msgpack, and distinguishes floats from integers', () => {
    const value = new Map<string, unknown>([
      ['i', 2n ** 60n],
      ['f', 1],
      ['n', NaN],
      ['t', new Timestamp('2026-01-05T08:30:00Z')],
      ['b', Buffer.from('bytes')],
      ['l', [null, true, 'x']],
    ])
    expect(payloadMembers(encodeMsgpack(value))).toBe(
      '"payload_encoding":"msgpack","payload":{"i":1152921504606846976,"f":1.0,"n":"NaN",' +
        '"t":"2026-01-05T08:30:00Z","b":{"base64":"Ynl0ZXM="},"l":[null,true,"x"]}',
    )
  })

  it('returns other payloads as base64', () => {
    for (const bytes of [Buffer.from('{"a":'), Buffer.from([0xc1]), Buffer.from([0x22, 0xff, 0x22])])
      expect(payloadMembers(bytes)).toBe(`"payload_base64":"${bytes.toString('base64')}"`)
  })

  it('returns valid JSON for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        expect(() => {
          JSON.parse(`{${payloadMembers(bytes)}}`)
        }).not.toThrow()
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('shownId', () => {
  it('quotes ids that could control a terminal', () => {
    expect(shownId('country:TW 1')).toBe('country:TW 1')
    expect(shownId('a\u001b[31mb')).toBe('"a\\u001b[31mb"')
    expect(shownId('a\u009bb')).toBe('"a\\u009bb"')
    expect(shownId('a\u202eb')).toBe('"a\\u202eb"')
    expect(shownId(' a')).toBe('" a"')
    expect(shownId('')).toBe('""')
  })
})

describe('shortId', () => {
  it('leaves out the middle of a long id, and keeps the number of a revision', () => {
    expect(shortId('a'.repeat(100))).toBe('a'.repeat(100))
    expect(shortId(`${'a'.repeat(700)}:12`)).toBe(`${'a'.repeat(69)}…${'a'.repeat(27)}:12`)
    expect(shortId(`\u001b${'a'.repeat(700)}`)).toBe(`"\\u001b${'a'.repeat(68)}…${'a'.repeat(30)}"`)
  })
})
