import { describe, expect, it } from 'vitest'
import {
  ArchiveInvalidError,
  ArchiveTruncatedError,
  EntryCorruptError,
  NotAnArchiveError,
  RecordInvalidError,
  UnsupportedVersionError,
} from '../../shared/archive/errors.ts'

describe('refusals of an archive', () => {
  it.each<[string, Error, string]>([
    ['NotAnArchiveError', new NotAnArchiveError('it is empty'), 'not an .acbak archive: it is empty'],
    ['ArchiveTruncatedError', new ArchiveTruncatedError('it ends'), 'the archive is truncated: it ends'],
    ['ArchiveInvalidError', new ArchiveInvalidError('it lies'), 'the archive is invalid: it lies'],
    ['EntryCorruptError', new EntryCorruptError('a', 'b', 'c'), 'entry a: expected sha256 b, found c'],
    ['EntryCorruptError', new EntryCorruptError('a', 'b', 'c', 'crc32'), 'entry a: expected crc32 b, found c'],
    [
      'UnsupportedVersionError',
      new UnsupportedVersionError(4),
      "the archive is of version 4; versions 2 (SpecStar's stream) and 3 can be restored",
    ],
    [
      'UnsupportedVersionError',
      new UnsupportedVersionError(1, 'it'),
      "it is of version 1; versions 2 (SpecStar's stream) and 3 can be restored",
    ],
    ['RecordInvalidError', new RecordInvalidError('bad'), 'the archive is invalid: record: bad'],
    ['RecordInvalidError', new RecordInvalidError('bad', { entry: 'a' }), 'the archive is invalid: record of a: bad'],
    ['RecordInvalidError', new RecordInvalidError('bad', { line: 1 }), 'the archive is invalid: record, line 1: bad'],
  ])('have a name and say what is wrong: %s', (name, error, message) => {
    expect({ name: error.name, message: error.message }).toEqual({ name, message })
  })

  it('know what they are about', () => {
    expect(new EntryCorruptError('a', 'b', 'c')).toMatchObject({ entry: 'a', expected: 'b', actual: 'c' })
    expect(new UnsupportedVersionError(4)).toMatchObject({ version: 4 })
    expect(new RecordInvalidError('r', { entry: 'a', line: 1 })).toMatchObject({ reason: 'r', entry: 'a', line: 1 })
    expect(new RecordInvalidError('r')).toBeInstanceOf(ArchiveInvalidError)
  })
})
