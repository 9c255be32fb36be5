import { describe, expect, it } from 'vitest'
import { RESTORE } from '../../../functions/cli/commands/restore.ts'
import { VERIFY } from '../../../functions/cli/commands/verify.ts'
import { fieldNames } from '../../../functions/cli/field-name.ts'
import { problemText } from '../../../functions/cli/terminal/problem-text.ts'
import { EntryCorruptError } from '../../../shared/archive/errors.ts'
import { SpecstarRefusesError, UnrestorableResourcesError } from '../../../shared/export/errors.ts'
import { missingError } from '../../../shared/compose/missing-blobs.ts'
import { UnknownJobError } from '../../../shared/jobs/errors.ts'
import { TornResourcesError, UnknownModelError } from '../../../shared/resources/errors.ts'
import { problemOf, problemOfWorkflow } from '../../../shared/problems/problem.ts'
import {
  ArchiveResourcesInvalidError,
  DuplicatesError,
  SourceNotAllowedError,
  UnknownModelsError,
} from '../../../shared/restore/errors.ts'

describe('the text of a problem', () => {
  it.each([
    [new EntryCorruptError('blobs/a', 'b', 'c'), 'entry blobs/a is corrupt: expected sha256 b, found c'],
    [new UnknownJobError('a'), 'no job with id a exists; jobs are kept for 90 days'],
    [
      new TornResourcesError(['a']),
      'the current revision of 1 resource is missing: "a". ' +
        'Correct the data, or export with --no-strict to leave out such resources',
    ],
    [new UnknownModelError('a', ['b']), 'model a is not registered (registered: b)'],
    [
      missingError([{ id: 'payloads/a', resources: [] }]),
      '1 blob cannot be read: payloads/a. Restore the blobs, or export with --no-strict to leave them out',
    ],
    [new UnknownJobError('a', 'export'), 'no export with id a exists; jobs are kept for 90 days'],
  ])('states only once what is wrong: %s', (error, text) => {
    expect(problemText(problemOf(error))).toBe(text)
  })

  it('states only once what is wrong if the workflow has reported no message', () => {
    expect(problemText(problemOfWorkflow({ Error: 'NoArchiveError' }))).toBe('No archive matches')
  })

  it('begins with the title if the detail does not state it', () => {
    const problem = {
      type: 'invalid-request',
      title: 'The request is not valid',
      status: 400,
      detail: 'ids: is missing',
    }
    expect(problemText(problem)).toBe('The request is not valid: ids: is missing')
  })

  it('names the argument of the command if the detail begins with a parameter', () => {
    const problem = problemOf(new SourceNotAllowedError('other', ['archives']))
    expect(problemText(problem, fieldNames(RESTORE))).toMatch(/^archive: this deployment does not restore archives/)
    expect(problemText(problem, fieldNames(VERIFY))).toMatch(/^archive: /)
    expect(problemText(problem)).toMatch(/^from\.bucket: /)
  })

  const resources = [{ model: 'country', resource_id: 'a', reason: 'it has no revision' }]
  const list = { bucket: 'work', key: 'list' }
  it.each([
    [new DuplicatesError(1, ['a']), 'Restore with --on-duplicate overwrite or --on-duplicate skip, or delete'],
    [new UnrestorableResourcesError(resources, list), 'export with --no-strict to leave them out'],
    [new ArchiveResourcesInvalidError(1, resources, list), 'Restore with --no-strict to restore all other resources'],
    [new UnknownModelsError(['a'], ['b']), 'or restore each registered model with --model'],
    [
      new SpecstarRefusesError('blob', 'country', 'a', 'x; export with strict=false to omit the headers'),
      'export with --no-strict to omit the headers',
    ],
  ])('advises options of the command: %s', (error, advice) => {
    const text = problemText(problemOf(error))
    expect(text).toContain(advice)
    expect(text).not.toMatch(/=|\/\{|\bquery\b/)
  })
})
