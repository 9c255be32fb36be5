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
  it.each<[Error, string, string]>([
    [new NotAnArchiveError('it is empty'), 'NotAnArchiveError', 'not an .acbak archive: it is empty'],
    [new ArchiveTruncatedError('it ends'), 'ArchiveTruncatedError', 'the archive is truncated: it ends'],
    [new ArchiveInvalidError('it lies'), 'ArchiveInvalidError', 'the archive is invalid: it lies'],
    [new EntryCorruptError('a', 'b', 'c'), 'EntryCorruptError', 'entry a: expected sha256 b, found c'],
    [new EntryCorruptError('a', 'b', 'c', 'crc32'), 'EntryCorruptError', 'entry a: expected crc32 b, found c'],
    [
      new UnsupportedVersionError(4),
      'UnsupportedVersionError',
      "the archive is of version 4; versions 2 (SpecStar's stream) and 3 can be restored",
    ],
    [
      new UnsupportedVersionError(1, 'it'),
      'UnsupportedVersionError',
      "it is of version 1; versions 2 (SpecStar's stream) and 3 can be restored",
    ],
    [new RecordInvalidError('bad'), 'RecordInvalidError', 'the archive is invalid: record: bad'],
    [new RecordInvalidError('bad', { entry: 'a' }), 'RecordInvalidError', 'the archive is invalid: record of a: bad'],
    [new RecordInvalidError('bad', { line: 1 }), 'RecordInvalidError', 'the archive is invalid: record, line 1: bad'],
  ])('have a name and say what is wrong: %s', (error, name, message) => {
    expect({ name: error.name, message: error.message }).toEqual({ name, message })
  })

  it('know what they are about', () => {
    expect(new EntryCorruptError('a', 'b', 'c')).toMatchObject({ entry: 'a', expected: 'b', actual: 'c' })
    expect(new UnsupportedVersionError(4)).toMatchObject({ version: 4 })
    expect(new RecordInvalidError('r', { entry: 'a', line: 1 })).toMatchObject({ reason: 'r', entry: 'a', line: 1 })
    expect(new RecordInvalidError('r')).toBeInstanceOf(ArchiveInvalidError)
  })
})
