import { describe, expect, it } from 'vitest'
import { FilterError, FiltersExclusiveError } from '../../shared/filters/errors.ts'
import { compileFilters, type Filters } from '../../shared/filters/filters.ts'
import type { Item } from '../../shared/tables/item.ts'
import { metadata, scope } from './filtered-resource.ts'

describe('filters', () => {
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
  ])('%j match a resource: %s', (filters, matches) => {
    expect(compileFilters(filters, scope)(metadata)).toBe(matches)
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
  ])('%j match a resource with fields of its revision: %s', (filters, matches) => {
    expect(compileFilters(filters, scope)(revised)).toBe(matches)
  })

  it('do not match a resource without the field, except that is_deleted defaults to false', () => {
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
  ])('reject %s with what is allowed', (field) => {
    const reason = 'must be a time in ISO 8601 with an offset, such as 2026-01-05T08:30:00Z, not "a\\"b"'
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

  it('that cannot be combined with qb are all named', () => {
    expect(new FiltersExclusiveError(['created_bys', 'ids'])).toMatchObject({
      name: 'FiltersExclusiveError',
      message: 'qb cannot be combined with created_bys, ids: move them into the expression, or omit qb',
      errors: [
        { field: 'created_bys', message: 'cannot be combined with qb' },
        { field: 'ids', message: 'cannot be combined with qb' },
      ],
    })
  })

  const ORDERED = '[{"field_path":"level","operator":"gt","value":1}]'

  it('are tested in SpecStar’s order up to the first that does not match, so that later ones cannot fail', () => {
    const item = { ...metadata, indexed_data: { S: '{"level":"high"}' } }
    const matches = (filters: Filters): boolean => compileFilters(filters, scope)(item)
    const reason = `level of m "one": '>' not supported between instances of 'str' and 'int'`
    const error = (parameter: string): unknown => expect.objectContaining({ message: `${parameter}: ${reason}` })
    expect(() => matches({ conditions: ORDERED })).toThrow(error('conditions'))
    expect(() => matches({ data_conditions: ORDERED })).toThrow(error('data_conditions'))
    expect(() => matches({ qb: 'QB["level"] > 1' })).toThrow(error('qb'))
    for (const before of [
      { ids: ['two'] },
      { is_deleted: true },
      { created_bys: [] },
      { updated_time_end: '2000-01-01T00:00:00Z' },
      { rev_updated_time_end: '2000-01-01T00:00:00Z' },
    ])
      expect(matches({ ...before, conditions: ORDERED })).toBe(false)
    const never = '[{"field_path":"level","operator":"eq","value":1}]'
    expect(matches({ conditions: never, data_conditions: ORDERED })).toBe(false)
    expect(matches({ data_conditions: `${never.slice(0, -1)},${ORDERED.slice(1)}` })).toBe(false)
    expect(() => matches({ data_conditions: never, conditions: ORDERED })).toThrow(FilterError)
    // With `qb`, `is_deleted` is tested last.
    expect(() => matches({ is_deleted: true, qb: 'QB["level"] > 1' })).toThrow(FilterError)
    expect(() => compileFilters({ conditions: ORDERED }, scope)({ indexed_data: item.indexed_data })).toThrow(
      'level of m "": ',
    )
  })

  it('do not report an invalid value in the store as an error of the request', () => {
    const conditions = '[{"field_path":"total_revision_count","operator":"eq","value":1}]'
    const item = { ...metadata, total_revision_count: { N: 'many' } }
    expect(() => compileFilters({ conditions }, scope)(item)).toThrow(new RangeError('must be a DynamoDB number'))
  })

  it('reject text operators on a field that the model declares as a list', () => {
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
    const listScope = { model, requestedAt: scope.requestedAt }
    const text = (field_path: string, operator = 'regex'): string =>
      JSON.stringify([
        { field_path: 'more', operator: 'eq', value: 1 },
        { field_path, operator, value: 'a' },
      ])
    for (const parameter of ['conditions', 'data_conditions'] as const) {
      for (const field of ['tags', 'one'])
        expect(() => compileFilters({ [parameter]: text(field) }, listScope)).toThrow(
          expect.objectContaining({
            message: `${parameter}: \`regex\` cannot be applied to ${field}, which is a list in model m: compare its elements with a quantifier, for example in qb: QB["${field}"].any().regex(…)`,
          }),
        )
      for (const field of ['refs', 'name', 'more', 't'])
        expect(() => compileFilters({ [parameter]: text(field) }, listScope)).not.toThrow()
      expect(() => compileFilters({ [parameter]: text('tags', 'contains') }, listScope)).not.toThrow()
    }
    expect(() => compileFilters({ qb: 'QB["tags"].starts_with("a")' }, listScope)).toThrow(
      'qb: `starts_with` cannot be applied to tags, which is a list in model m: compare its elements with a quantifier, for example in qb: QB["tags"].any().starts_with(…)',
    )
    expect(() => compileFilters({ qb: 'QB["tags"].any().starts_with("a")' }, listScope)).not.toThrow()
  })

  it('reject a bound without an offset', () => {
    expect(() => compileFilters({ updated_time_end: '2026-01-01' }, scope)).toThrow(FilterError)
    expect(() => compileFilters({ updated_time_end: '2026-01-01' }, scope)).toThrow('updated_time_end')
  })

  it.each(['[]', '{}', '""'])(
    'with the empty data_conditions %s require an index, as in SpecStar',
    (data_conditions) => {
      const matches = compileFilters({ data_conditions }, scope)
      expect(matches({ ...metadata, indexed_data: { S: '{}' } })).toBe(true)
      const unset = Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== 'indexed_data'))
      expect(matches(unset)).toBe(false)
      expect(compileFilters({ data_conditions: '' }, scope)(unset)).toBe(true)
      expect(compileFilters({ conditions: data_conditions }, scope)(unset)).toBe(true)
    },
  )

  it.each(['"\\ud83d"', '[{"k":["\\udd25"]}]', '{"\\ud83dx":1}'])(
    'reject the value %s, which contains half of a surrogate pair',
    (value) => {
      for (const parameter of ['conditions', 'data_conditions'] as const) {
        const filters = { [parameter]: `[{"field_path":"m","operator":"eq","value":${value}}]` }
        expect(() => compileFilters(filters, scope)).toThrow(
          'condition 1: value must not contain half of a surrogate pair',
        )
      }
    },
  )

  it('accept an escaped surrogate pair in JSON', () => {
    const conditions = '[{"field_path":"m","operator":"eq","value":"\\ud83d\\udd25"}]'
    expect(compileFilters({ conditions }, scope)({ ...metadata, indexed_data: { S: '{"m":"🔥"}' } })).toBe(true)
  })
})
