import { describe, expect, it } from 'vitest'
import {
  ModelsInvalidError,
  ResourceChangedError,
  TornResourcesError,
  UnknownModelError,
} from '../../shared/resources/errors.ts'

const ids = (count: number): string[] => Array.from({ length: count }, (_, k) => `id ${k}`)

describe('the error for torn resources', () => {
  it.each([
    [1, 'the current revision of 1 resource is missing: "id 0"'],
    [5, 'the current revision of 5 resources is missing: "id 0", "id 1", "id 2", "id 3", "id 4"'],
    [6, 'the current revision of 6 resources is missing: "id 0", "id 1", "id 2", "id 3", "id 4", …'],
  ])('names at most five of %d ids in its message', (count, message) => {
    expect(new TornResourcesError(ids(count))).toMatchObject({
      count,
      message: `${message}. Correct the data, or export with strict=false to leave out such resources`,
      ids: ids(count),
    })
  })

  it('contains the first 100 ids', () => {
    expect(new TornResourcesError(ids(101))).toMatchObject({ count: 101, ids: ids(100) })
  })
})

it('the error for an unknown model lists the registered ones', () => {
  const registered = ['city', 'country']
  expect(new UnknownModelError('planet', registered)).toMatchObject({
    model: 'planet',
    registered,
    message: 'model planet is not registered (registered: city, country)',
  })
})

it('each error has the name of its class', () => {
  expect(new TornResourcesError([]).name).toBe('TornResourcesError')
  expect(new ResourceChangedError('city', 'x').name).toBe('ResourceChangedError')
  expect(new UnknownModelError('planet', []).name).toBe('UnknownModelError')
  expect(new ModelsInvalidError([]).name).toBe('ModelsInvalidError')
})
