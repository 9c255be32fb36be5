import { describe, expect, it } from 'vitest'
import { loadModels, loadModelsFile } from '../../shared/resources/models.ts'
import { ModelsInvalidError, UnknownModelError } from '../../shared/resources/resource-errors.ts'

describe('the registry of models', () => {
  it('that comes with the program is valid', async () => {
    const models = await loadModelsFile(new URL('../../shared/models.json', import.meta.url))
    expect(models.names).toEqual(['character', 'city', 'country', 'doc', 'guild', 'item', 'memo'])
    expect(models.get('country')).toMatchObject({
      shards: 16,
      references: [{ field: 'borders', target: 'country', list: true, ref_type: 'resource_id' }],
    })
    expect(models.get('character').indexed).toContainEqual({ key: 'class_', path: 'class' })
  })

  it('fills in what is not said', () => {
    const model = loadModels({ a: { indexed: ['x'], references: [{ field: 'b.c', target: 'a' }] } }).get('a')
    expect(model).toEqual({
      name: 'a',
      indexed: [{ key: 'x', path: 'x' }],
      references: [{ field: 'b.c', target: 'a', list: false, ref_type: 'resource_id' }],
      shards: 16,
    })
  })

  it.each([
    ['model "9x"', { '9x': {} }],
    ['model "_backup"', { _backup: {} }],
    ['model blobs: the name is reserved', { blobs: {} }],
    ['model a: shards: 12 is not a power of two', { a: { shards: 12 } }],
    ['model a: shards', { a: { shards: 2048 } }],
    ['model a: Unrecognized key: "idx"', { a: { idx: [] } }],
    ['model a: indexed.0', { a: { indexed: [{ path: 'x' }] } }],
    ['model a: indexed: key x stands twice', { a: { indexed: ['x', { key: 'x', path: 'y' }] } }],
    ['model a: references.0.ref_type', { a: { references: [{ field: 'f', target: 'a', ref_type: 'uid' }] } }],
    ['model a: references: field f: target b is not registered', { a: { references: [{ field: 'f', target: 'b' }] } }],
  ])('is refused with «%s»', (message, json) => {
    expect(() => loadModels(json)).toThrow(ModelsInvalidError)
    expect(() => loadModels(json)).toThrow(message)
  })

  it('names the registered models where one is unknown', () => {
    const models = loadModels({ b: {}, a: {}, B: {} })
    expect(() => models.get('c')).toThrow(UnknownModelError)
    expect(() => models.get('c')).toThrow('registered: B, a, b')
  })
})
