import { describe, expect, it } from 'vitest'
import { isInternal, problemOfWorkflow, problemOf } from '../../shared/problems/problem.ts'
import { TooLargeError } from '../../functions/http/errors.ts'
import { InvalidRequestError } from '../../shared/requests/errors.ts'
import { UnknownJobError } from '../../shared/jobs/errors.ts'
import { DuplicatesError, UnknownModelsError } from '../../shared/restore/errors.ts'

describe('the problem of an error', () => {
  it('names every invalid field of a request', () => {
    const errors = [
      { field: 'wait', message: 'too long' },
      { field: 'qb', message: 'not yet' },
    ]
    expect(problemOf(new InvalidRequestError(errors))).toMatchObject({ type: 'invalid-request', status: 400, errors })
  })

  it('contains the members of a known error', () => {
    expect(problemOf(new UnknownModelsError(['b'], ['a']))).toMatchObject({
      type: 'unknown-models',
      status: 400,
      models: ['b'],
      registered: ['a'],
    })
    expect(problemOf(new UnknownJobError('x'))).toMatchObject({ type: 'unknown-job', status: 404 })
    expect(problemOf(new TooLargeError(5))).toMatchObject({ type: 'too-large', status: 413, limit_bytes: 5 })
  })

  it('lists at most 20 models that are not registered', () => {
    const names = Array.from({ length: 300 }, (_, k) => `model-${k}`)
    const problem = problemOf(new UnknownModelsError(names, names))
    expect(problem).toMatchObject({ count: 300, models: names.slice(0, 20), registered: names.slice(0, 20) })
    expect(problem.detail).toContain('and 280 more')
    expect(problem.detail).not.toContain('model-20,')
  })

  it('lists the first hundred duplicates and counts all of them', () => {
    const ids = Array.from({ length: 250 }, (_, k) => `id-${k}`)
    const { duplicates } = problemOf(new DuplicatesError(250, ids))
    expect(duplicates).toEqual({ count: 250, ids: ids.slice(0, 100) })
  })

  it('stays small for any content of requests and archives', () => {
    const long = 'x'.repeat(100_000)
    const errors = Array.from({ length: 200 }, (_, k) => ({ field: `${k}${long}`, message: long }))
    const names = Array.from({ length: 200 }, (_, k) => `${k}${long}`)
    const problems = [
      problemOf(new InvalidRequestError(errors)),
      problemOf(new UnknownModelsError(names, ['a'])),
      problemOf(new DuplicatesError(250, names)),
      problemOfWorkflow({ Error: 'ArchiveInvalidError', Cause: long }),
    ]
    for (const problem of problems) expect(JSON.stringify(problem).length).toBeLessThan(256 * 1024)
    expect(problems[0]?.errors).toHaveLength(100)
  })

  it('names a full disk and denied access, however deep their error is', () => {
    const full = Object.assign(new Error('write failed'), { code: 'ENOSPC' })
    const named = (name: string) =>
      Object.assign(new Error('User is not authorized to perform: s3:GetObject'), { name })
    const forbidden = Object.assign(new Error('UnknownError'), { $metadata: { httpStatusCode: 403 } })
    for (const error of [full, named('StorageFull'), new Error('outer', { cause: full })])
      expect(problemOf(error, 'r')).toMatchObject({ type: 'storage-full', status: 507, request_id: 'r' })
    for (const error of [named('AccessDenied'), named('AccessDeniedException'), forbidden])
      expect(problemOf(error, 'r')).toMatchObject({ type: 'access-denied', status: 500, request_id: 'r' })
    const denied = problemOf(named('AccessDenied'))
    expect(denied.detail).not.toContain('not authorized')
    expect(denied.detail).toContain('AWS denied a request. An operator must')
    const file = Object.assign(new Error("EACCES: permission denied, open '/data/x'"), { code: 'EACCES' })
    expect(problemOf(file)).toMatchObject({ type: 'access-denied' })
    expect(problemOf(file).detail).toContain('denied access to a file of the local program (EACCES)')
    expect(problemOf(file).detail).not.toContain('/data/x')
    const others = [{ $metadata: { httpStatusCode: 500 } }, { $metadata: 1 }, { $metadata: null }, { $metadata: {} }]
    for (const members of others)
      expect(problemOf(Object.assign(new Error('x'), members))).toMatchObject({ type: 'internal-error' })
    const endless = new Error('x')
    endless.cause = endless
    expect(problemOf(endless).type).toBe('internal-error')
    expect(isInternal(problemOf(full))).toBe(true)
  })

  it('shows only a request id for an unknown error', () => {
    const problem = problemOf(new Error('password=hunter2'), 'request-7')
    expect(problem).toMatchObject({ type: 'internal-error', status: 500, request_id: 'request-7' })
    expect(JSON.stringify(problem)).not.toContain('hunter2')
    expect(problemOf('text')).toMatchObject({ status: 500 })
  })

  it('treats an error named like a member of every object as unknown', () => {
    const error = new Error('x')
    error.name = 'constructor'
    expect(problemOf(error).status).toBe(500)
  })
})

describe('the problem of an error that a workflow reports', () => {
  it('has its type and message', () => {
    const Cause = JSON.stringify({ errorType: 'ArchiveTruncatedError', errorMessage: 'cut at 7', trace: ['secret'] })
    expect(problemOfWorkflow({ Error: 'ArchiveTruncatedError', Cause })).toEqual({
      type: 'archive-truncated',
      status: 400,
      title: 'The archive is truncated',
      detail: 'cut at 7',
    })
  })

  it('has the message of the local runner, which is plain text', () => {
    expect(problemOfWorkflow({ Error: 'ConflictError', Cause: 'a 7 came' })).toMatchObject({ detail: 'a 7 came' })
  })

  it('hides an unknown error', () => {
    const problem = problemOfWorkflow({ Error: 'TypeError', Cause: 'x is undefined' }, 'r1')
    expect(problem).toMatchObject({ status: 500, request_id: 'r1' })
    expect(JSON.stringify(problem)).not.toContain('undefined')
  })
})
