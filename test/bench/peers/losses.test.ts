import { describe, expect, it } from 'vitest'
import { itemLosses } from './item-losses.ts'
import { propertyLosses } from './object-losses.ts'

describe('the losses of items', () => {
  const item = (value: object): Map<string, Record<string, never>> => new Map([['a', { value } as never]])

  it('are empty for an identical copy, whatever the order of its sets', () => {
    expect(itemLosses(item({ SS: ['a', 'b'] }), item({ SS: ['b', 'a'] }))).toEqual([])
    expect(itemLosses(item({ B: Buffer.from('a') }), item({ B: new Uint8Array([97]) }))).toEqual([])
  })

  it('list changed and missing items', () => {
    expect(itemLosses(item({ S: 'a' }), item({ S: 'b' }))).toEqual(['a: changed from {"S":"a"} to {"S":"b"}'])
    expect(itemLosses(item({ B: Buffer.from('a') }), item({ S: 'YQ==' }))).toHaveLength(1)
    expect(itemLosses(item({ S: 'a' }), new Map())).toEqual(['a: lost'])
  })
})

describe('the losses of objects', () => {
  const object = (type: string): Map<string, Map<string, unknown>> => new Map([['key', new Map([['type', type]])]])

  it('list changed properties once, and missing objects', () => {
    expect(propertyLosses(object('a'), object('a'))).toEqual([])
    expect(propertyLosses(object('a'), object('b'))).toEqual(['type: changed from a to b'])
    const two = new Map([...object('a'), ['other', new Map([['type', 'a']])]])
    const both = new Map([...object('b'), ['other', new Map([['type', 'b']])]])
    expect(propertyLosses(two, both)).toEqual(['type: changed from a to b'])
    expect(propertyLosses(two, object('a'))).toEqual(['other: lost'])
  })
})
