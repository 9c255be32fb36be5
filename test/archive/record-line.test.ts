import { describe, expect, it } from 'vitest'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { RecordInvalidError } from '../../shared/archive/errors.ts'
import { decodeLine, encodeLine, recordKeyOf } from '../../shared/archive/record-line.ts'
import type { Item } from '../../shared/tables/item.ts'
import { itemsOf } from './sample.ts'

const MIB = 1024 * 1024
const location = { entry: 'models/x', line: 7 }
const invalid = (reason: string): RecordInvalidError => new RecordInvalidError(reason, location)
const key: Item = { pk: { S: 'p' }, sk: { S: 's' } }

describe('a record line', () => {
  it('has at most 1 MiB, whether it is encoded or decoded', () => {
    const rest = encodeLine({ ...key, a: { S: '' } }).length
    const longest = { ...key, a: { S: 'x'.repeat(MIB - rest) } }
    expect(encodeLine(longest)).toHaveLength(MIB)
    expect(() => encodeLine({ ...longest, b: { S: '' } })).toThrow(
      new RecordInvalidError(`the line has ${MIB + ',"b":{"S":""}'.length} bytes; at most ${MIB} are allowed`),
    )
    const padded = Buffer.from(`{"Item":{"pk":{"S":"p"},"sk":{"S":"s"}}}`.padEnd(MIB))
    expect(decodeLine(padded, location)).toEqual(key)
    expect(() => decodeLine(Buffer.concat([padded, Buffer.from('\n')]), location)).toThrow(
      invalid('the line has more than 1048576 bytes'),
    )
  })

  it.each<[string, Buffer | string]>([
    ['the line is not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['the line is nested deeper than 100 levels', '['.repeat(101)],
    ['the line is not JSON', '['.repeat(100)],
    ['the line is not JSON', ''],
    ['the line must be an object with the single key Item', 'null'],
    ['the line must be an object with the single key Item', '"Item"'],
    ['the line must be an object with the single key Item', '{}'],
    ['the line must be an object with the single key Item', '{"item":{}}'],
    ['the line must be an object with the single key Item', '{"Item":{},"More":1}'],
  ])('is rejected: %s', (reason, text) => {
    expect(() => decodeLine(Buffer.from(text), location)).toThrow(invalid(reason))
  })

  it.each<[AttributeValue, string]>([
    [{ B: Buffer.from([1]) }, '{"B":"AQ=="}'],
    [{ BS: [Buffer.from([1]), Buffer.alloc(0)] }, '{"BS":["AQ==",""]}'],
    [
      { M: { x: { L: [{ B: Buffer.from([1]) }, { S: 'y' }] }, y: { N: '1' } } },
      '{"M":{"x":{"L":[{"B":"AQ=="},{"S":"y"}]},"y":{"N":"1"}}}',
    ],
    [{ L: [{ S: 'x' }, { M: { z: { BS: [Buffer.from([1])] } } }] }, '{"L":[{"S":"x"},{"M":{"z":{"BS":["AQ=="]}}}]}'],
    [{ M: { x: { L: [{ S: 'y' }] } } }, '{"M":{"x":{"L":[{"S":"y"}]}}}'],
    [{ B: new Uint8Array([0, 1, 2]).subarray(1, 2) }, '{"B":"AQ=="}'],
  ])('contains bytes as base64 at every level: %j', (value, json) => {
    expect(encodeLine({ ...key, a: value }).toString()).toBe(`{"Item":{"pk":{"S":"p"},"sk":{"S":"s"},"a":${json}}}\n`)
  })
})

describe('the key of a record', () => {
  const { metadata, revisions } = itemsOf('city', { id: 'city:1', revisions: [{ n: 1, data: '{}' }] })
  const [revision = {}] = revisions
  const h = metadata['sk']?.S?.slice(0, 16) ?? ''
  const without = (item: Item, name: string): Item =>
    Object.fromEntries(Object.entries(item).filter(([other]) => other !== name))

  it('distinguishes metadata from revisions', () => {
    expect(recordKeyOf(metadata)).toEqual({ kind: 'metadata', model: 'city', id: 'city:1', h, sk: `${h}/city:1` })
    expect(recordKeyOf(revision)).toEqual({
      kind: 'revision',
      model: 'city',
      id: 'city:1',
      h,
      sk: `${h}/city:1/0000000001/-`,
    })
  })

  it.each(['city#m#0', 'city#m#9999', `${'c'.repeat(63)}#m#10`, 'C-_9#m#1'])(
    'contains the model of the pk %s',
    (pk) => {
      expect(recordKeyOf({ ...metadata, pk: { S: pk } }).model).toBe(pk.split('#')[0])
    },
  )

  it.each([
    'city#m#',
    'city#m#01',
    'city#m#10000',
    'city#m#-1',
    'city#x#1',
    'city#mr#1',
    'xcity #m#1',
    '#m#1',
    '1#m#1',
    '_c#m#1',
    `${'c'.repeat(64)}#m#1`,
    ' city#m#1',
    'city#m#1 ',
  ])('is rejected for the pk %j', (pk) => {
    expect(() => recordKeyOf({ ...metadata, pk: { S: pk } }, location)).toThrow(
      invalid('pk must be <model>#m#<shard> or <model>#r#<shard>'),
    )
  })

  it.each<[string, Item, string]>([
    ['pk', without(metadata, 'pk'), 'pk must be <model>#m#<shard> or <model>#r#<shard>'],
    ['resource_id', without(metadata, 'resource_id'), 'resource_id must be a string'],
    ['revision_id', without(revision, 'revision_id'), 'revision_id must be a string'],
    ['sk', without(metadata, 'sk'), `sk is "", but must be "${h}/city:1"`],
    [
      'visible characters in sk',
      { ...metadata, sk: { S: '\u001b[2J' } },
      `sk is "\\u001b[2J", but must be "${h}/city:1"`,
    ],
    ['sk', without(revision, 'sk'), `sk is "", but must be "${h}/city:1/0000000001/-"`],
  ])('is rejected without %s', (_, item, reason) => {
    expect(() => recordKeyOf(item, location)).toThrow(invalid(reason))
  })

  it('depends on the schema version, which is a string or absent', () => {
    const versioned = (schema: AttributeValue, version: string): Item => ({
      ...revision,
      sk: { S: `${h}/city:1/0000000001/${version}` },
      schema_version: schema,
    })
    expect(recordKeyOf(without(revision, 'schema_version')).kind).toBe('revision')
    expect(recordKeyOf(versioned({ S: '2' }, '2')).sk).toBe(`${h}/city:1/0000000001/2`)
    expect(() => recordKeyOf(versioned({ N: '2' }, '2'), location)).toThrow(
      invalid('schema_version must be a string or null'),
    )
    expect(() => recordKeyOf(versioned({ S: '2' }, '-'), location)).toThrow(
      invalid(`sk is "${h}/city:1/0000000001/-", but must be "${h}/city:1/0000000001/2"`),
    )
  })

  it('is rejected for an id that the store rejects', () => {
    for (const item of [metadata, revision])
      expect(() => recordKeyOf({ ...item, resource_id: { S: '' } }, location)).toThrow(
        invalid('resource id "" is empty'),
      )
  })
})
