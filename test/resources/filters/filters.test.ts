import { describe, expect, it } from 'vitest'
import { FilterError } from '../../../shared/resources/filters/errors.ts'
import { compileFilters, type Filters } from '../../../shared/resources/filters/filters.ts'
import { boundOf, instantOf, zonedInstantOf } from '../../../shared/resources/instant.ts'
import type { Item } from '../../../shared/resources/item.ts'
import { madeResource } from '../made-resources.ts'

describe('an instant', () => {
  it.each([
    ['2026-01-05T08:30:00Z', '2026-01-05T08:30:00.000000Z'],
    ['2026-06-11T16:33:00+05:30', '2026-06-11T11:03:00.000000Z'],
    ['2026-06-11 16:33-05:00', '2026-06-11T21:33:00.000000Z'],
    ['2026-01-01T00:00:00.1+08:00', '2025-12-31T16:00:00.100000Z'],
    ['2026-01-05T08:30:00.1234567Z', '2026-01-05T08:30:00.123456Z'],
    ['20260105T083000Z', '2026-01-05T08:30:00.000000Z'],
    ['2026-W02-1T08+01', '2026-01-05T07:00:00.000000Z'],
    ['2026W02', '2026-01-05T00:00:00.000000Z'],
    ['2026-01-05t08:30Z', '2026-01-05T08:30:00.000000Z'],
    ['2026-01-05T08:30:00,1+05:99', '2026-01-05T01:51:00.100000Z'],
    ['2026-01-05T08:30:00-00:30:00.5', '2026-01-05T09:00:00.500000Z'],
    ['20260105T083000123Z', '2026-01-05T08:30:00.123000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000000Z'],
    ['0099-03-01T00:00:00', '0099-03-01T00:00:00.000000Z'],
  ])('%s is %s', (text, instant) => {
    expect(instantOf(text)).toBe(instant)
  })

  it.each([
    '',
    'yesterday',
    '1767601800',
    '2026-02-29',
    '2026-13-01',
    '2026-01-05T24:00:00Z',
    '2026-01-05T08:60Z',
    '2026-01-05T08:30:00z',
    '2026-01-05T08:30:00 08:00',
    '2026-W54-1',
    '2026-01-05T',
    '2026-01-05T08:30:00+24:00',
    '2026-01-05T08:30:00Z0',
    '２026-01-05',
    '0001-01-01T00:00:00+01:00',
  ])('%j is none', (text) => {
    expect(instantOf(text)).toBeUndefined()
  })

  it('of a filter has an offset', () => {
    expect(boundOf('2026-01-05T08:30:00')).toBeUndefined()
    expect(boundOf('2026-01-05T08:30:00+00:00')).toBe('2026-01-05T08:30:00.000000Z')
  })

  it('of a filter may be out of the calendar by its offset', () => {
    expect(boundOf('0001-01-01T00:00:00+08:00')).toBe('0001-01-01T00:00:00.000000Z')
    expect(boundOf('9999-12-31T23:59:59-08:00')).toBe('9999-12-31T23:59:59.999999Z')
    expect(boundOf('0000-12-31T23:59:59-08:00')).toBeUndefined()
    expect(zonedInstantOf('9999-12-31T23:59:59-08:00')).toBeUndefined()
  })
})

describe('filters', () => {
  const scope = { model: { name: 'm', indexed: [], references: [] }, askedAt: new Date('2026-01-05T00:00:00Z') }
  const { metadata } = madeResource('m', 1, {
    id: 'one',
    meta: {
      created_time: '2026-01-05T08:30:00.000001+08:00',
      updated_time: '2026-02-01T00:00:00',
      created_by: 'alice',
      updated_by: 'Bob',
    },
  })

  it.each<[Filters, boolean]>([
    [{}, true],
    [{ is_deleted: false }, true],
    [{ is_deleted: true }, false],
    [{ created_time_start: '2026-01-05T00:30:00.000001Z' }, true],
    [{ created_time_start: '2026-01-05T00:30:00.000002Z' }, false],
    [{ created_time_end: '2026-01-05T00:30:00.000001Z' }, true],
    [{ created_time_end: '2026-01-05T00:30:00Z' }, false],
    [{ updated_time_start: '2026-02-01T08:00:00+08:00', updated_time_end: '2026-02-01T00:00:00Z' }, true],
    [{ created_time_start: '0001-01-01T00:00:00+08:00', created_time_end: '9999-12-31T23:59:59-08:00' }, true],
    [{ created_bys: ['bob', 'alice'] }, true],
    [{ created_bys: ['Alice'] }, false],
    [{ created_bys: [] }, false],
    [{ updated_bys: ['Bob'] }, true],
    [{ ids: ['one', 'two'] }, true],
    [{ ids: ['two'] }, false],
    [{ ids: ['one'], updated_bys: ['alice'] }, false],
  ])('%j takes it: %s', (filters, taken) => {
    expect(compileFilters(filters, scope)(metadata)).toBe(taken)
  })

  it('do not believe derived times', () => {
    const lying = { ...metadata, created_at: { S: '2030-01-01T00:00:00.000000Z' } }
    expect(compileFilters({ created_time_start: '2029-01-01T00:00:00Z' }, scope)(lying)).toBe(false)
  })

  it('name the bound that is no time', () => {
    expect(() => compileFilters({ updated_time_end: '2026-01-01' }, scope)).toThrow(FilterError)
    expect(() => compileFilters({ updated_time_end: '2026-01-01' }, scope)).toThrow('updated_time_end')
  })

  const asks = (qb: string, item: Item): boolean => compileFilters({ qb }, scope)(item)

  it.each([
    ['{"m":{"10":1,"9":2,"a":3}}', `{'10': 1, '9': 2, 'a': 3}`],
    ['{"m":{"b":{"1":null,"0":[1.0]}}}', `{'b': {'1': None, '0': [1.0]}}`],
  ])('see the text of a map with its keys in their order: %s', (indexed_data, text) => {
    const item = { ...metadata, indexed_data: { S: indexed_data } }
    expect(asks(`QB["m"].contains(${JSON.stringify(text)})`, item)).toBe(true)
  })

  it('find two maps equal whatever the order of their keys', () => {
    const item = { ...metadata, indexed_data: { S: '{"m":{"10":1,"9":{"x":2}}}' } }
    const condition = (value: string): string => `[{"field_path":"m","operator":"eq","value":${value}}]`
    const holds = (value: string): boolean => compileFilters({ data_conditions: condition(value) }, scope)(item)
    expect(holds('{"9":{"x":2.0},"10":true}')).toBe(true)
    expect(holds('{"9":{"x":2}}')).toBe(false)
    expect(holds('{"9":{"y":2},"10":1}')).toBe(false)
  })

  it.each(['[]', '{}', '""'])(
    'that ask nothing of the index, %s, still want one, as in SpecStar',
    (data_conditions) => {
      const takes = compileFilters({ data_conditions }, scope)
      expect(takes({ ...metadata, indexed_data: { S: '{}' } })).toBe(true)
      const unset = Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== 'indexed_data'))
      expect(takes(unset)).toBe(false)
      expect(compileFilters({ data_conditions: '' }, scope)(unset)).toBe(true)
      expect(compileFilters({ conditions: data_conditions }, scope)(unset)).toBe(true)
    },
  )

  it.each(['"\\ud83d"', '[{"k":["\\udd25"]}]', '{"\\ud83dx":1}'])(
    'refuse the value %s, half of a character',
    (value) => {
      for (const parameter of ['conditions', 'data_conditions'] as const) {
        const filters = { [parameter]: `[{"field_path":"m","operator":"eq","value":${value}}]` }
        expect(() => compileFilters(filters, scope)).toThrow('condition 1: holds half a surrogate pair')
      }
    },
  )

  it('take a pair of halves in JSON for the character that it is', () => {
    const conditions = '[{"field_path":"m","operator":"eq","value":"\\ud83d\\udd25"}]'
    expect(compileFilters({ conditions }, scope)({ ...metadata, indexed_data: { S: '{"m":"🔥"}' } })).toBe(true)
  })

  it.each(['1E2', '100.0', '+100'])('see the number %s of metadata as a whole one', (N) => {
    const item = { ...metadata, total_revision_count: { N } }
    expect(asks('QB["total_revision_count"] == 100', item)).toBe(true)
    expect(asks('QB["total_revision_count"].contains("100.")', item)).toBe(false)
  })

  it('see a fraction in metadata as a float', () => {
    expect(asks('QB["total_revision_count"] == 1.5', { ...metadata, total_revision_count: { N: '15e-1' } })).toBe(true)
  })

  it.each(['', 'no JSON', '[1]', '['.repeat(100_000)])('see no field in an index that is no object', (indexed_data) => {
    expect(asks('QB["m"].exists(False)', { ...metadata, indexed_data: { S: indexed_data } })).toBe(true)
  })
})
