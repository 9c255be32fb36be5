import { describe, expect, it } from 'vitest'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { RecordInvalidError } from '../../shared/archive/errors.ts'
import { isDeeperThan } from '../../shared/values/json-depth.ts'
import { canonicalJson, decodeLine, encodeLine, recordOf } from '../../shared/archive/record-line.ts'
import type { Item } from '../../shared/tables/item.ts'
import { itemsOf } from './sample.ts'

const MIB = 1024 * 1024
const where = { entry: 'models/x', line: 7 }
const refused = (reason: string): RecordInvalidError => new RecordInvalidError(reason, where)
const key: Item = { pk: { S: 'p' }, sk: { S: 's' } }

describe('a line', () => {
  it('is of at most 1 MiB, as it is written and as it is read', () => {
    const rest = encodeLine({ ...key, a: { S: '' } }).length
    const longest = { ...key, a: { S: 'x'.repeat(MIB - rest) } }
    expect(encodeLine(longest)).toHaveLength(MIB)
    expect(() => encodeLine({ ...longest, b: { S: '' } })).toThrow(
      new RecordInvalidError(`a line of ${MIB + ',"b":{"S":""}'.length} bytes`),
    )
    const padded = Buffer.from(`{"Item":{"pk":{"S":"p"},"sk":{"S":"s"}}}`.padEnd(MIB))
    expect(decodeLine(padded, where)).toEqual(key)
    expect(() => decodeLine(Buffer.concat([padded, Buffer.from('\n')]), where)).toThrow(
      refused('a line of over 1048576 bytes'),
    )
  })

  it.each<[string, Buffer | string]>([
    ['the line is not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['the line nests deeper than 100 levels', '['.repeat(101)],
    ['the line is not JSON', '['.repeat(100)],
    ['the line is not JSON', ''],
    ['the line is not {"Item": …}', 'null'],
    ['the line is not {"Item": …}', '"Item"'],
    ['the line is not {"Item": …}', '{}'],
    ['the line is not {"Item": …}', '{"item":{}}'],
    ['the line is not {"Item": …}', '{"Item":{},"More":1}'],
  ])('is refused: %s', (reason, text) => {
    expect(() => decodeLine(Buffer.from(text), where)).toThrow(refused(reason))
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
  ])('holds bytes as base64, however deep they lie: %j', (value, json) => {
    expect(encodeLine({ ...key, a: value }).toString()).toBe(`{"Item":{"pk":{"S":"p"},"sk":{"S":"s"},"a":${json}}}\n`)
  })
})

describe('the canonical text', () => {
  it.each<[AttributeValue, string]>([
    [{ S: '"ü\n' }, '{"S":"\\"ü\\n"}'],
    [{ N: '1e2' }, '{"N":"100"}'],
    [{ BOOL: true }, '{"BOOL":true}'],
    [{ BOOL: false }, '{"BOOL":false}'],
    [{ NULL: true }, '{"NULL":true}'],
    [{ M: {} }, '{"M":{}}'],
    [
      { M: { b: { S: '1' }, a: { M: { '😀': { S: '' }, ﬀ: { S: '' } } } } },
      '{"M":{"a":{"M":{"ﬀ":{"S":""},"😀":{"S":""}}},"b":{"S":"1"}}}',
    ],
    [{ L: [{ S: 'b' }, { N: '01' }] }, '{"L":[{"S":"b"},{"N":"1"}]}'],
    [{ B: new Uint8Array([0, 1, 2]).subarray(1, 2) }, '{"B":"AQ=="}'],
    [{ SS: ['b', '😀', 'ﬀ', 'a'] }, '{"SS":["a","b","ﬀ","😀"]}'],
    [{ NS: ['9', '1e1', '-1'] }, '{"NS":["-1","10","9"]}'],
    [{ BS: [Buffer.from([2]), Buffer.from([1, 0]), Buffer.from([1])] }, '{"BS":["AQ==","AQA=","Ag=="]}'],
  ])('of %j is one', (value, json) => {
    expect(canonicalJson({ b: value, a: value })).toBe(`{"a":${json},"b":${json}}`)
  })

  it('leaves sets as they were', () => {
    const item = { a: { SS: ['b', 'a'] }, b: { BS: [Buffer.from([2]), Buffer.from([1])] } }
    canonicalJson(item)
    expect(item).toEqual({ a: { SS: ['b', 'a'] }, b: { BS: [Buffer.from([2]), Buffer.from([1])] } })
  })

  it.each(['pk', 'sk', 'created_at', 'updated_at', 'applied_by', 'data', 'data_spilled'])('leaves out %s', (name) => {
    expect(canonicalJson({ [name]: { S: 'x' } })).toBe('{}')
    expect(canonicalJson({ a: { M: { [name]: { S: 'x' } } } })).toBe(`{"a":{"M":{"${name}":{"S":"x"}}}}`)
  })

  it('is right for more shapes of items than are remembered', () => {
    for (let k = 0; k < 1_100; k++)
      expect(canonicalJson({ [`b${k}`]: { S: '' }, a: { S: '' } })).toBe(`{"a":{"S":""},"b${k}":{"S":""}}`)
    expect(canonicalJson({ b0: { S: 'x' }, a: { S: 'y' } })).toBe('{"a":{"S":"y"},"b0":{"S":"x"}}')
  })

  it('is refused to a value without a type', () => {
    expect(() => canonicalJson({ a: { $unknown: ['X', 1] } })).toThrow(
      new TypeError('an attribute value without a type'),
    )
  })
})

describe('levels of JSON', () => {
  it.each<[string, number]>([
    ['', 0],
    ['1', 0],
    ['[]', 1],
    ['{}', 1],
    ['[[],[]]', 2],
    ['{"a":{},"b":[]}', 2],
    ['[{"a":[1]}]', 3],
    ['"[[["', 0],
    ['["[[[\\"[["]', 1],
    ['["\\\\",[]]', 2],
    ['["\\\\\\"[",{}]', 2],
    ['["[[', 1],
    ['["\\', 1],
  ])('of %s are %d', (json, levels) => {
    expect(isDeeperThan(Buffer.from(json), levels)).toBe(false)
    if (levels > 0) expect(isDeeperThan(Buffer.from(json), levels - 1)).toBe(true)
  })
})

describe('what a record is', () => {
  const { metadata, revisions } = itemsOf('city', { id: 'city:1', revisions: [{ n: 1, data: '{}' }] })
  const [revision = {}] = revisions
  const h = metadata['sk']?.S?.slice(0, 16) ?? ''
  const without = (item: Item, name: string): Item =>
    Object.fromEntries(Object.entries(item).filter(([own]) => own !== name))

  it('is metadata or a revision of its model', () => {
    expect(recordOf(metadata)).toEqual({ kind: 'metadata', model: 'city', id: 'city:1', h, sk: `${h}/city:1` })
    expect(recordOf(revision)).toEqual({
      kind: 'revision',
      model: 'city',
      id: 'city:1',
      h,
      sk: `${h}/city:1/0000000001/-`,
    })
  })

  it.each(['city#m#0', 'city#m#9999', `${'c'.repeat(63)}#m#10`, 'C-_9#m#1'])('is told from the pk %s', (pk) => {
    expect(recordOf({ ...metadata, pk: { S: pk } }).model).toBe(pk.split('#')[0])
  })

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
  ])('is not told from the pk %j', (pk) => {
    expect(() => recordOf({ ...metadata, pk: { S: pk } }, where)).toThrow(refused('pk names no model and kind'))
  })

  it.each<[string, Item, string]>([
    ['pk', without(metadata, 'pk'), 'pk names no model and kind'],
    ['resource_id', without(metadata, 'resource_id'), 'resource_id is not a text'],
    ['revision_id', without(revision, 'revision_id'), 'revision_id is not a text'],
    ['sk', without(metadata, 'sk'), `sk is  and must be ${h}/city:1`],
    ['sk', without(revision, 'sk'), `sk is  and must be ${h}/city:1/0000000001/-`],
  ])('is not told without its %s', (_, item, reason) => {
    expect(() => recordOf(item, where)).toThrow(refused(reason))
  })

  it('has a schema version that is a text, or none', () => {
    const versioned = (schema: AttributeValue, place: string): Item => ({
      ...revision,
      sk: { S: `${h}/city:1/0000000001/${place}` },
      schema_version: schema,
    })
    expect(recordOf(without(revision, 'schema_version')).kind).toBe('revision')
    expect(recordOf(versioned({ S: '2' }, '2')).sk).toBe(`${h}/city:1/0000000001/2`)
    expect(() => recordOf(versioned({ N: '2' }, '2'), where)).toThrow(refused('schema_version is not a text'))
    expect(() => recordOf(versioned({ S: '2' }, '-'), where)).toThrow(
      refused(`sk is ${h}/city:1/0000000001/- and must be ${h}/city:1/0000000001/2`),
    )
  })

  it('has an id that the store takes', () => {
    for (const item of [metadata, revision])
      expect(() => recordOf({ ...item, resource_id: { S: '' } }, where)).toThrow(refused('resource id "": is empty'))
  })
})
