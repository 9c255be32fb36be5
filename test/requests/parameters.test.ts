import { describe, expect, it } from 'vitest'
import { jsonObject, queryObject } from '../../functions/http/http-request.ts'
import { listParameters } from '../../functions/http/job-list.ts'
import { InvalidRequestError } from '../../shared/requests/errors.ts'
import { backupExportParameters, modelExportParameters } from '../../functions/http/export-parameters.ts'
import { restoreFromParameters, restoreParameters } from '../../functions/http/import-parameters.ts'
import { exportRequest } from '../../shared/export/request.ts'
import { restoreRequest } from '../../shared/restore/request.ts'
import { loadModels, ModelRegistry } from '../../shared/resources/models.ts'

const exportQuery = (query: string) => backupExportParameters(queryObject(new URLSearchParams(query)))
const importQuery = (query: string) => restoreParameters(queryObject(new URLSearchParams(query)))

const errorsOf = (read: () => unknown): readonly { field: string; message: string }[] => {
  try {
    read()
  } catch (error) {
    if (error instanceof InvalidRequestError) return error.errors
    throw error
  }
  throw new Error('no field was rejected')
}

const registry = new ModelRegistry(['b', 'a', 'c'].map((name) => ({ name, indexed: [], references: [], shards: 16 })))

describe('parameters of an export', () => {
  it('have defaults', () => {
    expect(exportQuery('')).toEqual({ filters: {}, strict: true, format: 'acbak', waitSeconds: 20, redirect: false })
  })

  it('contain filters', () => {
    const query =
      'is_deleted=False&created_time_start=2026-01-05T08:30:00%2B08:00&updated_time_end=2026-01-05T08:30:00Z' +
      '&created_bys=bob&created_bys=al,ice&updated_bys=&ids=x&ids=x&ids=a'
    expect(exportQuery(query).filters).toEqual({
      is_deleted: false,
      created_time_start: '2026-01-05T08:30:00+08:00',
      updated_time_end: '2026-01-05T08:30:00Z',
      created_bys: ['al,ice', 'bob'],
      updated_bys: [''],
      ids: ['a', 'x'],
    })
  })

  it('can be JSON', () => {
    expect(
      modelExportParameters({ is_deleted: true, ids: ['b', 'a'], wait: 0, redirect: true, strict: false }),
    ).toEqual({
      filters: { is_deleted: true, ids: ['a', 'b'] },
      strict: false,
      format: 'acbak',
      waitSeconds: 0,
      redirect: true,
    })
  })

  it('contain filters of current revisions, and conditions and expressions as text', () => {
    const query =
      'rev_statuses=stable&rev_statuses=draft&rev_created_bys=bob&rev_updated_time_start=2026-01-05T08:30:00Z' +
      '&conditions=[]&conditions=[{"field_path":"level","operator":"eq","value":1.0}]&data_conditions='
    expect(exportQuery(query).filters).toEqual({
      rev_statuses: ['draft', 'stable'],
      rev_created_bys: ['bob'],
      rev_updated_time_start: '2026-01-05T08:30:00Z',
      conditions: '[{"field_path":"level","operator":"eq","value":1.0}]',
    })
    expect(exportQuery('qb=QB.all()&is_deleted=true&ids=a').filters).toEqual({
      qb: 'QB.all()',
      is_deleted: true,
      ids: ['a'],
    })
    expect(exportQuery('qb=').filters).toEqual({})
  })

  it('keep the numbers of conditions in a JSON body', () => {
    const body = '{"wait":0,"conditions":[{"field_path":"n","operator":"in","value":[1.0,1,9007199254740993,1e21]}]}'
    expect(modelExportParameters(jsonObject(Buffer.from(body))).filters).toEqual({
      conditions: '[{"field_path":"n","operator":"in","value":[1.0,1,9007199254740993,1e+21]}]',
    })
  })

  it.each(['conditions=[]', 'created_bys=bob', 'rev_statuses=draft', 'updated_time_end=2026-01-05T08:30:00Z'])(
    'reject ?%s in combination with qb',
    (other) => {
      const [field = ''] = other.split('=')
      expect(() => exportQuery(`qb=QB.all()&${other}`)).toThrow(`qb cannot be combined with ${field}`)
    },
  )

  it('reject an expression that exceeds the limit of all filters, without parsing it', () => {
    const qb = `QB.any(${'QB["a"] == 1, '.repeat(20_000)})`
    expect(errorsOf(() => exportQuery(`qb=${encodeURIComponent(qb)}`))).toEqual([
      { field: 'qb', message: expect.stringContaining('too long') as string },
    ])
  })

  it('reject an operator that cannot be applied to a list, once the model is known', () => {
    const models = loadModels({ m: { indexed: [{ key: 'tags', type: 'list' }] }, n: {} })
    const parameters = exportQuery('models=m,n&qb=QB["tags"].starts_with("p")')
    expect(() => exportRequest(parameters, models)).toThrow('QB["tags"].any().starts_with(…)')
    expect(exportRequest(parameters, models, 'n').models).toEqual(['n'])
    expect(() => restoreRequest(importQuery('qb=QB["tags"].starts_with("p")'), models, 'm')).toThrow('tags')
  })

  it('ignore an empty bound, and use the last of repeated bounds', () => {
    expect(exportQuery('created_time_start=').filters).toEqual({})
    expect(exportQuery('created_time_end=x&created_time_end=2026-01-05T00:00:00Z').filters).toEqual({
      created_time_end: '2026-01-05T00:00:00Z',
    })
  })

  it('contain models, repeated or joined by commas, in the order of the registry', () => {
    expect(exportQuery('models=c,b&models=a&models=c').models?.toSorted()).toEqual(['a', 'b', 'c'])
    expect(exportRequest(exportQuery('models=c,a'), registry).models).toEqual(['a', 'c'])
    expect(exportRequest(exportQuery(''), registry).models).toEqual(['a', 'b', 'c'])
  })

  it.each([
    ['wait=20', 20],
    ['wait=25', 20],
    ['wait=3', 3],
  ])('wait at most 20 seconds for the job, so that a cold start fits into 30 seconds: %s', (query, seconds) => {
    expect(exportQuery(query).waitSeconds).toBe(seconds)
  })

  it('reject a model that is not registered, and list the registered models', () => {
    expect(() => exportRequest(exportQuery('models=x'), registry)).toThrow(
      /x is not registered \(registered: a, b, c\)/,
    )
  })

  it.each([
    ['wait=26', 'wait', '0 to 25'],
    ['wait=-1', 'wait', '0 to 25'],
    ['wait=1.5', 'wait', 'whole number'],
    ['wait=', 'wait', 'whole number'],
    ['wait=1&wait=2', 'wait', 'must not be repeated'],
    ['strict=maybe', 'strict', 'must be true, t, yes, on or 1, or false, f, no, off or 0'],
    ['strict=true&strict=true', 'strict', 'must not be repeated'],
    ['redirect=2', 'redirect', 'true, t, yes'],
    ['is_deleted=', 'is_deleted', 'true, t, yes'],
    ['is_deleted=null', 'is_deleted', 'true, t, yes'],
    ['format=zip', 'format', 'acbak, specstar'],
    ['format=acbak&format=acbak', 'format', 'must not be repeated'],
    ['format=specstar&ids=%20%C2%85', 'ids', 'blank id'],
    ['created_time_start=2026-01-05T08:30:00', 'created_time_start', 'offset'],
    ['created_time_end=2026-01-05T08:30:00+08:00', 'created_time_end', '%2B'],
    ['updated_time_start=1767601800', 'updated_time_start', 'ISO 8601'],
    ['updated_time_end=2026-02-30T00:00:00Z', 'updated_time_end', 'ISO 8601'],
    ['limit=5', 'limit', 'list and search routes only'],
    ['offset=5', 'offset', 'search'],
    ['sorts=[]', 'sorts', 'search'],
    ['partial=x', 'partial', 'search'],
    ['returns=data', 'returns', 'search'],
    ['qb=QB["level"] >', 'qb', 'ends too early (column 14)'],
    ['qb=level == 1', 'qb', 'QB["level"] (column 1)'],
    ['conditions={"field_path":"level"}', 'conditions', 'JSON list'],
    ['conditions=[{"operator":"eq","value":1}]', 'conditions', 'condition 1: field_path missing'],
    ['data_conditions=[', 'data_conditions', 'JSON'],
    ['rev_created_time_start=2026', 'rev_created_time_start', 'ISO 8601'],
    ['rev_statuses=', 'rev_statuses', 'must not contain an empty status'],
    ['rev_statuses=draft&rev_statuses=', 'rev_statuses', 'must not contain an empty status'],
    ['created_by=alice', 'created_by', 'allowed: models, is_deleted'],
    ['models=', 'models', 'empty name'],
    ['models=a,,b', 'models', 'empty name'],
  ])('reject ?%s and name the field', (query, field, message) => {
    const errors = errorsOf(() => exportQuery(query))
    expect(errors).toEqual([{ field, message: expect.stringContaining(message) as string }])
  })

  it('report all invalid fields at once', () => {
    expect(errorsOf(() => exportQuery('wait=99&strict=x&foo=1')).map(({ field }) => field)).toEqual([
      'strict',
      'wait',
      'foo',
    ])
  })

  it.each([
    [{ wait: '5x' }, 'wait'],
    [{ ids: [] }, 'ids'],
    [{ ids: [1] }, 'ids'],
    [{ ids: { a: 1 } }, 'ids'],
    [{ created_time_start: 5 }, 'created_time_start'],
    [{ is_deleted: 'maybe' }, 'is_deleted'],
    [{ is_deleted: null }, 'is_deleted'],
    [{ strict: 1 }, 'strict'],
  ])('reject the JSON %o of one model', (body, field) => {
    expect(errorsOf(() => modelExportParameters(body)).map((error) => error.field)).toEqual([field])
  })

  it('list the values of a boolean in JSON without the strings of a query', () => {
    expect(errorsOf(() => modelExportParameters({ strict: 1 }))).toEqual([
      { field: 'strict', message: 'must be true or false' },
    ])
  })
})

describe('parameters of an import', () => {
  it('overwrite by default, as in SpecStar', () => {
    expect(importQuery('')).toEqual({
      filters: {},
      on_duplicate: 'overwrite',
      dry_run: false,
      strict: true,
      waitSeconds: 20,
    })
  })

  it.each(['replace', '', 'SKIP'])('reject on_duplicate=%s and list the strategies', (value) => {
    expect(errorsOf(() => importQuery(`on_duplicate=${value}`))).toEqual([
      { field: 'on_duplicate', message: 'must be one of: overwrite, skip, raise_error' },
    ])
  })

  it('reject the options of an export', () => {
    expect(errorsOf(() => importQuery('redirect=true&models=a')).map(({ field }) => field)).toEqual([
      'redirect',
      'models',
    ])
  })

  it('contain the location of an archive', () => {
    expect(restoreFromParameters({ from: { job_id: 'j' }, on_duplicate: 'skip' })).toMatchObject({
      from: { job_id: 'j' },
      parameters: { on_duplicate: 'skip' },
    })
    expect(restoreFromParameters({ from: { bucket: 'b', key: 'k', version_id: 'v' } }).from).toEqual({
      bucket: 'b',
      key: 'k',
      version_id: 'v',
    })
  })

  it.each([
    [{}, 'from'],
    [{ from: 'x' }, 'from'],
    [{ from: {} }, 'from'],
    [{ from: { job_id: 'j', bucket: 'b', key: 'k' } }, 'from'],
    [{ from: { bucket: 'b' } }, 'from'],
    [{ from: { job_id: 7 } }, 'from.job_id'],
    [{ from: { job_id: 'j', path: 'p' } }, 'from.path'],
  ])('reject %o', (body, field) => {
    expect(errorsOf(() => restoreFromParameters(body)).map((error) => error.field)).toEqual([field])
  })
})

describe('parameters of the list of jobs', () => {
  it('have a page size of 50 by default', () => {
    expect(listParameters({})).toEqual({ limit: 50 })
  })

  it.each([
    ['kind', 'backup'],
    ['status', 'done'],
    ['limit', '0'],
    ['limit', '201'],
    ['offset', '5'],
  ])('reject %s=%s', (field, value) => {
    expect(errorsOf(() => listParameters({ [field]: value })).map((error) => error.field)).toEqual([field])
  })
})
