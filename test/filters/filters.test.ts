import { describe, expect, it } from 'vitest'
import { FilterError, FiltersExclusiveError } from '../../shared/filters/errors.ts'
import { compileFilters, type Filters } from '../../shared/filters/filters.ts'
import { boundOf, instantOf, zonedInstantOf } from '../../shared/values/instant.ts'
import type { Item } from '../../shared/tables/item.ts'
import { madeResource } from '../resources/made-resources.ts'

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

  const revised = {
    ...metadata,
    rev_status: { S: 'stable' },
    rev_created_by: { S: 'carol' },
    rev_updated_by: { S: 'dave' },
    rev_created_time: { S: '2026-03-01T00:00:00Z' },
    rev_updated_time: { S: '2026-04-01T00:00:00Z' },
  }

  it.each<[Filters, boolean]>([
    [{ rev_statuses: ['draft', 'stable'] }, true],
    [{ rev_statuses: ['draft'] }, false],
    [{ rev_created_bys: ['carol'] }, true],
    [{ rev_created_bys: ['dave'] }, false],
    [{ rev_updated_bys: ['dave'] }, true],
    [{ rev_updated_bys: ['carol'] }, false],
    [{ rev_created_time_start: '2026-03-01T00:00:00Z', rev_created_time_end: '2026-03-01T00:00:00Z' }, true],
    [{ rev_created_time_start: '2026-03-01T00:00:00.000001Z' }, false],
    [{ rev_created_time_end: '2026-02-28T23:59:59.999999Z' }, false],
    [{ rev_updated_time_start: '2026-04-01T00:00:00Z', rev_updated_time_end: '2026-04-01T00:00:00Z' }, true],
    [{ rev_updated_time_start: '2026-04-01T00:00:00.000001Z' }, false],
    [{ rev_updated_time_end: '2026-03-31T23:59:59.999999Z' }, false],
    [{ updated_time_start: '2026-02-01T00:00:00.000001Z' }, false],
    [{ updated_time_end: '2026-01-31T23:59:59.999999Z' }, false],
    [{ created_bys: ['Bob'] }, false],
    [{ updated_bys: ['alice'] }, false],
    [{ qb: '' }, true],
    [{ qb: 'QB["rev_status"] == "stable"', is_deleted: false }, true],
    [{ qb: 'QB["rev_status"] == "stable"', is_deleted: true }, false],
    [{ qb: 'QB["rev_status"] == "draft"', is_deleted: false }, false],
  ])('%j take a revision in its window: %s', (filters, taken) => {
    expect(compileFilters(filters, scope)(revised)).toBe(taken)
  })

  it('take nothing of which they do not know what they ask', () => {
    const bare: Item = { resource_id: { S: 'one' } }
    expect(compileFilters({ is_deleted: false }, scope)(bare)).toBe(true)
    expect(compileFilters({ is_deleted: true }, scope)(bare)).toBe(false)
    expect(compileFilters({ is_deleted: true }, scope)({ ...bare, is_deleted: { BOOL: true } })).toBe(true)
    expect(compileFilters({ rev_statuses: ['stable', ''] }, scope)(bare)).toBe(false)
    for (const created_time of [undefined, { S: 'once' }, { NULL: true as const }]) {
      const item = created_time === undefined ? bare : { ...bare, created_time }
      expect(compileFilters({ created_time_start: '0001-01-01T00:00:00Z' }, scope)(item)).toBe(false)
      expect(compileFilters({ created_time_end: '9999-12-31T00:00:00Z' }, scope)(item)).toBe(false)
    }
  })

  it.each([
    'created_time_start',
    'created_time_end',
    'updated_time_start',
    'updated_time_end',
    'rev_created_time_start',
    'rev_created_time_end',
    'rev_updated_time_start',
    'rev_updated_time_end',
  ])('say what is wrong with %s', (field) => {
    const reason = '"a\\"b" is no ISO 8601 time with an offset, such as 2026-01-05T08:30:00Z'
    expect(() => compileFilters({ [field]: 'a"b' }, scope)).toThrow(
      expect.objectContaining({
        name: 'FilterError',
        message: `${field}: ${reason}`,
        field,
        reason,
        errors: [{ field, message: reason }],
      }),
    )
  })

  it('beside qb are each named', () => {
    expect(new FiltersExclusiveError(['created_bys', 'ids'])).toMatchObject({
      name: 'FiltersExclusiveError',
      message: 'qb does not go together with created_bys, ids: say it in the expression, or leave qb out',
      errors: [
        { field: 'created_bys', message: 'does not go together with qb' },
        { field: 'ids', message: 'does not go together with qb' },
      ],
    })
  })

  const OLDER = '[{"field_path":"level","operator":"gt","value":1}]'

  it('ask in their order and stop at the first no, so that an error behind it is not met', () => {
    const item = { ...metadata, indexed_data: { S: '{"level":"high"}' } }
    const says = (filters: Filters): boolean => compileFilters(filters, scope)(item)
    const reason = `level of m "one": '>' not supported between instances of 'str' and 'int'`
    const error = (parameter: string): unknown => expect.objectContaining({ message: `${parameter}: ${reason}` })
    expect(() => says({ conditions: OLDER })).toThrow(error('conditions'))
    expect(() => says({ data_conditions: OLDER })).toThrow(error('data_conditions'))
    expect(() => says({ qb: 'QB["level"] > 1' })).toThrow(error('qb'))
    for (const before of [
      { ids: ['two'] },
      { is_deleted: true },
      { created_bys: [] },
      { updated_time_end: '2000-01-01T00:00:00Z' },
      { rev_updated_time_end: '2000-01-01T00:00:00Z' },
    ])
      expect(says({ ...before, conditions: OLDER })).toBe(false)
    const never = '[{"field_path":"level","operator":"eq","value":1}]'
    expect(says({ conditions: never, data_conditions: OLDER })).toBe(false)
    expect(says({ data_conditions: `${never.slice(0, -1)},${OLDER.slice(1)}` })).toBe(false)
    expect(() => says({ data_conditions: never, conditions: OLDER })).toThrow(FilterError)
    // With `qb`, deletion is asked for last.
    expect(() => says({ is_deleted: true, qb: 'QB["level"] > 1' })).toThrow(FilterError)
    expect(() => compileFilters({ conditions: OLDER }, scope)({ indexed_data: item.indexed_data })).toThrow(
      'level of m "": ',
    )
  })

  it('do not take a fault of the store for one of the request', () => {
    const conditions = '[{"field_path":"total_revision_count","operator":"eq","value":1}]'
    const item = { ...metadata, total_revision_count: { N: 'many' } }
    expect(() => compileFilters({ conditions }, scope)(item)).toThrow(new RangeError('many is not a DynamoDB number'))
  })

  it('do not ask a list for its text', () => {
    const model = {
      name: 'm',
      indexed: [
        { key: 'tags', path: 't', type: 'list' as const },
        { key: 'refs', path: 'r', type: 'list' as const },
        { key: 'one', path: 'o', type: 'list' as const },
        { key: 'name', path: 'n', type: 'str' as const },
        { key: 'more', path: 'm' },
      ],
      references: [
        { field: 'r', target: 'm', list: true, ref_type: 'resource_id' as const },
        { field: 'o', target: 'm', list: false, ref_type: 'resource_id' as const },
      ],
    }
    const asked = { model, askedAt: scope.askedAt }
    const text = (field_path: string, operator = 'regex'): string =>
      JSON.stringify([
        { field_path: 'more', operator: 'eq', value: 1 },
        { field_path, operator, value: 'a' },
      ])
    for (const parameter of ['conditions', 'data_conditions'] as const) {
      for (const field of ['tags', 'one'])
        expect(() => compileFilters({ [parameter]: text(field) }, asked)).toThrow(
          expect.objectContaining({
            message: `${parameter}: regex is not asked of ${field}, a list of m: ask its elements, in qb QB["${field}"].any().regex(…)`,
          }),
        )
      for (const field of ['refs', 'name', 'more', 't'])
        expect(() => compileFilters({ [parameter]: text(field) }, asked)).not.toThrow()
      expect(() => compileFilters({ [parameter]: text('tags', 'contains') }, asked)).not.toThrow()
    }
    expect(() => compileFilters({ qb: 'QB["tags"].starts_with("a")' }, asked)).toThrow(
      'qb: starts_with is not asked of tags, a list of m: ask its elements, in qb QB["tags"].any().starts_with(…)',
    )
    expect(() => compileFilters({ qb: 'QB["tags"].any().starts_with("a")' }, asked)).not.toThrow()
  })

  it('see metadata before the index, but in data_conditions', () => {
    const item = { ...metadata, indexed_data: { S: '{"created_by":"index","created_at":"index"}' } }
    const eq = (field_path: string, value: unknown): string => JSON.stringify([{ field_path, operator: 'eq', value }])
    expect(compileFilters({ conditions: eq('created_by', 'alice') }, scope)(item)).toBe(true)
    expect(compileFilters({ data_conditions: eq('created_by', 'index') }, scope)(item)).toBe(true)
    // What is derived, and the index as a text, are no fields.
    expect(compileFilters({ conditions: eq('created_at', 'index') }, scope)(item)).toBe(true)
    for (const name of ['created_at', 'pk', 'indexed_data'])
      expect(asks(`QB["${name}"].exists(False)`, metadata)).toBe(true)
  })

  it.each([
    ['resource_id', { S: 'v' }],
    ['current_revision_id', { S: 'v' }],
    ['schema_version', { S: 'v' }],
    ['total_revision_count', { S: 'v' }],
    ['created_by', { S: 'v' }],
    ['updated_by', { S: 'v' }],
    ['is_deleted', { S: 'v' }],
    ['rev_status', { S: 'v' }],
    ['rev_created_by', { S: 'v' }],
    ['rev_updated_by', { S: 'v' }],
  ])('see %s', (name, value) => {
    expect(asks(`QB["${name}"] == "v"`, { [name]: value })).toBe(true)
  })

  it.each(['created_time', 'updated_time', 'rev_created_time', 'rev_updated_time'])('see %s as a time', (name) => {
    const later = `QB["${name}"] > dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)`
    expect(asks(later, { [name]: { S: '2026-01-01T00:00:00-08:00' } })).toBe(true)
    expect(asks(`QB["${name}"] == "once"`, { [name]: { S: 'once' } })).toBe(true)
    expect(asks('QB["created_by"] == "2026-01-01T00:00:00Z"', { created_by: { S: '2026-01-01T00:00:00Z' } })).toBe(true)
  })

  it('see what old stores do not hold as SpecStar does, and nothing else', () => {
    expect(asks('QB["is_deleted"] == False', {})).toBe(true)
    expect(asks('QB["is_deleted"] == True', { is_deleted: { BOOL: true } })).toBe(true)
    expect(asks('QB["schema_version"].is_null(True)', {})).toBe(true)
    expect(asks('QB["schema_version"].is_null(True)', { schema_version: { NULL: true } })).toBe(true)
    expect(asks('QB["rev_status"].is_null(True)', { rev_status: { NULL: true } })).toBe(true)
    expect(asks('QB["rev_status"].exists(False)', {})).toBe(true)
    expect(asks('QB["rev_status"].exists(False)', { rev_status: { L: [] } })).toBe(true)
    expect(asks('QB["level"].exists(False)', {})).toBe(true)
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
