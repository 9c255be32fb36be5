import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lastWithSameOwner, ownerOf } from '../../shared/resources/item-owner.ts'
import { metadataKey, revisionKey } from '../../shared/resources/keys.ts'
import { loadModels } from '../../shared/resources/models.ts'

const MODELS = loadModels({ city: { shards: 16 }, one: { shards: 1 }, ignored_key_prefixes: ['cache#', 'city'] })

describe('the owner of an item', () => {
  it('is a resource for every metadata and revision item of a registered model', () => {
    fc.assert(
      fc.property(fc.constantFrom('city', 'one'), fc.uuid(), (model, id) => {
        const { shards } = MODELS.get(model)
        expect(ownerOf(metadataKey(model, id, shards), MODELS)).toBe('resource')
        expect(ownerOf(revisionKey(model, id, `${id}:1`, null, shards), MODELS)).toBe('resource')
      }),
    )
  })

  it.each([
    ['other#m#0', 'x', 'unregistered_model'],
    ['', '', 'unregistered_model'],
    ['one#x#0', 'x', 'unregistered_model'],
    ['one#m#00', 'x', 'unregistered_model'],
    ['one#m#2000', 'x', 'unregistered_model'],
    ['cache#17', 'x', 'ignored'],
    ['city_cache#17', 'x', 'ignored'],
    ['city#m#16', '0000000000000000/a', 'unregistered_shard'],
    ['one#r#1', '0000000000000000/a', 'unregistered_shard'],
    ['city#m#0', '!', 'wrong_key'],
    ['city#m#0', '000', 'wrong_key'],
    ['city#m#0', '1000000000000000/a', 'wrong_key'],
    ['city#m#9', '8fffffffffffffff/a', 'wrong_key'],
    ['city#m#9', 'a000000000000000/a', 'wrong_key'],
    ['city#r#15', 'ga', 'wrong_key'],
    ['city#r#15', '\u{10ffff}', 'wrong_key'],
    ['city#m#9', '9', 'wrong_key'],
    ['city#m#9', 'a000', 'wrong_key'],
    ['city#m#10', 'a000', 'resource'],
    ['city#m#9', '9000', 'resource'],
    ['city#m#9', '9zzz', 'resource'],
    ['city#m#9', 'a00/', 'resource'],
    ['one#m#0', 'g', 'resource'],
  ])('of %j and %j is %s', (pk, sk, owner) => {
    expect(ownerOf({ pk, sk }, MODELS)).toBe(owner)
  })
})

describe('the last sort key with the same owner', () => {
  it('is the last one before the end of the shard for a resource', () => {
    expect(lastWithSameOwner({ pk: 'city#m#9', sk: '9000' }, MODELS)).toBe(`a00/${'\u{10ffff}'.repeat(255)}`)
    expect(lastWithSameOwner({ pk: 'city#r#15', sk: 'f000' }, MODELS)).toBe('g')
  })

  it('is undefined if all further items of the partition have the same owner', () => {
    expect(lastWithSameOwner({ pk: 'cache#1', sk: 'x' }, MODELS)).toBeUndefined()
    expect(lastWithSameOwner({ pk: 'other#m#1', sk: 'x' }, MODELS)).toBeUndefined()
  })
})
