import { describe, expect, it } from 'vitest'
import { compileFilters } from '../../shared/filters/filters.ts'
import { matchesQb, metadata, scope } from './filtered-resource.ts'

describe('filters', () => {
  it('read metadata before the index, and in data_conditions the index only', () => {
    const item = { ...metadata, indexed_data: { S: '{"created_by":"index","created_at":"index"}' } }
    const eq = (field_path: string, value: unknown): string => JSON.stringify([{ field_path, operator: 'eq', value }])
    expect(compileFilters({ conditions: eq('created_by', 'alice') }, scope)(item)).toBe(true)
    expect(compileFilters({ data_conditions: eq('created_by', 'index') }, scope)(item)).toBe(true)
    // Derived attributes, keys and the index itself are not fields.
    expect(compileFilters({ conditions: eq('created_at', 'index') }, scope)(item)).toBe(true)
    for (const name of ['created_at', 'pk', 'indexed_data'])
      expect(matchesQb(`QB["${name}"].exists(False)`, metadata)).toBe(true)
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
  ])('read the metadata field %s', (name, value) => {
    expect(matchesQb(`QB["${name}"] == "v"`, { [name]: value })).toBe(true)
  })

  it.each(['created_time', 'updated_time', 'rev_created_time', 'rev_updated_time'])('read %s as a time', (name) => {
    const later = `QB["${name}"] > dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)`
    expect(matchesQb(later, { [name]: { S: '2026-01-01T00:00:00-08:00' } })).toBe(true)
    expect(matchesQb(`QB["${name}"] == "once"`, { [name]: { S: 'once' } })).toBe(true)
    expect(matchesQb('QB["created_by"] == "2026-01-01T00:00:00Z"', { created_by: { S: '2026-01-01T00:00:00Z' } })).toBe(
      true,
    )
  })

  it('use SpecStar’s defaults for fields that an old store lacks', () => {
    expect(matchesQb('QB["is_deleted"] == False', {})).toBe(true)
    expect(matchesQb('QB["is_deleted"] == True', { is_deleted: { BOOL: true } })).toBe(true)
    expect(matchesQb('QB["schema_version"].is_null(True)', {})).toBe(true)
    expect(matchesQb('QB["schema_version"].is_null(True)', { schema_version: { NULL: true } })).toBe(true)
    expect(matchesQb('QB["rev_status"].is_null(True)', { rev_status: { NULL: true } })).toBe(true)
    expect(matchesQb('QB["rev_status"].exists(False)', {})).toBe(true)
    expect(matchesQb('QB["rev_status"].exists(False)', { rev_status: { L: [] } })).toBe(true)
    expect(matchesQb('QB["level"].exists(False)', {})).toBe(true)
  })

  it('read the times that came with the resource, not derived ones', () => {
    const contradictory = { ...metadata, created_at: { S: '2030-01-01T00:00:00.000000Z' } }
    expect(compileFilters({ created_time_start: '2029-01-01T00:00:00Z' }, scope)(contradictory)).toBe(false)
  })

  it.each([
    ['{"m":{"10":1,"9":2,"a":3}}', `{'10': 1, '9': 2, 'a': 3}`],
    ['{"m":{"b":{"1":null,"0":[1.0]}}}', `{'b': {'1': None, '0': [1.0]}}`],
  ])('convert a map to text with its keys in their order: %s', (indexed_data, text) => {
    const item = { ...metadata, indexed_data: { S: indexed_data } }
    expect(matchesQb(`QB["m"].contains(${JSON.stringify(text)})`, item)).toBe(true)
  })

  it('compare maps regardless of the order of their keys', () => {
    const item = { ...metadata, indexed_data: { S: '{"m":{"10":1,"9":{"x":2}}}' } }
    const condition = (value: string): string => `[{"field_path":"m","operator":"eq","value":${value}}]`
    const matches = (value: string): boolean => compileFilters({ data_conditions: condition(value) }, scope)(item)
    expect(matches('{"9":{"x":2.0},"10":true}')).toBe(true)
    expect(matches('{"9":{"x":2}}')).toBe(false)
    expect(matches('{"9":{"y":2},"10":1}')).toBe(false)
  })

  it.each(['1E2', '100.0', '+100'])('read the metadata number %s as an int', (N) => {
    const item = { ...metadata, total_revision_count: { N } }
    expect(matchesQb('QB["total_revision_count"] == 100', item)).toBe(true)
    expect(matchesQb('QB["total_revision_count"].contains("100.")', item)).toBe(false)
  })

  it('read a metadata number with a fraction as a float', () => {
    expect(matchesQb('QB["total_revision_count"] == 1.5', { ...metadata, total_revision_count: { N: '15e-1' } })).toBe(
      true,
    )
  })

  it.each(['', 'no JSON', '[1]', '['.repeat(100_000)])(
    'read no fields from an index that is not an object',
    (indexed_data) => {
      expect(matchesQb('QB["m"].exists(False)', { ...metadata, indexed_data: { S: indexed_data } })).toBe(true)
    },
  )
})
