import { describe, expect, it } from 'vitest'
import {
  ArchiveInvalidError,
  ArchiveTruncatedError,
  EntryCorruptError,
  NotAnArchiveError,
  RecordInvalidError,
  resultOrFault,
  UnsupportedVersionError,
} from '../../shared/archive/errors.ts'

describe('an error about an archive', () => {
  const versions = "only versions 2 (SpecStar's stream) and 3 can be restored"
  it.each<[string, () => Error, string]>([
    ['NotAnArchiveError', () => new NotAnArchiveError('the file is empty'), 'not an .acbak archive: the file is empty'],
    ['ArchiveTruncatedError', () => new ArchiveTruncatedError('it ends'), 'the archive is truncated: it ends'],
    ['ArchiveInvalidError', () => new ArchiveInvalidError('a rule'), 'the archive is invalid: a rule'],
    ['EntryCorruptError', () => new EntryCorruptError('a', 'b', 'c'), 'entry a is corrupt: expected sha256 b, found c'],
    [
      'EntryCorruptError',
      () => new EntryCorruptError('a', 'b', 'c', { algorithm: 'crc32' }),
      'entry a is corrupt: expected crc32 b, found c',
    ],
    ['UnsupportedVersionError', () => new UnsupportedVersionError(4), `the archive has version 4; ${versions}`],
    ['UnsupportedVersionError', () => new UnsupportedVersionError(1, 'it'), `it has version 1; ${versions}`],
    ['RecordInvalidError', () => new RecordInvalidError('bad'), 'the archive is invalid: a record: bad'],
    [
      'RecordInvalidError',
      () => new RecordInvalidError('bad', { entry: 'a' }),
      'the archive is invalid: a record of entry a: bad',
    ],
    ['RecordInvalidError', () => new RecordInvalidError('bad', { line: 1 }), 'the archive is invalid: line 1: bad'],
    [
      'RecordInvalidError',
      () => new RecordInvalidError('bad', { entry: 'a', line: 1 }),
      'the archive is invalid: line 1 of entry a: bad',
    ],
  ])('has a name and a message: %s', (name, make, message) => {
    const error = make()
    expect({ name: error.name, message: error.message }).toEqual({ name, message })
  })

  it('has its details as members', () => {
    expect(new EntryCorruptError('a', 'b', 'c')).toMatchObject({ entry: 'a', expected: 'b', actual: 'c' })
    expect(new UnsupportedVersionError(4)).toMatchObject({ version: 4 })
    expect(new RecordInvalidError('r', { entry: 'a', line: 1 })).toMatchObject({ reason: 'r', entry: 'a', line: 1 })
    expect(new RecordInvalidError('r')).toBeInstanceOf(ArchiveInvalidError)
  })
})

describe('resultOrFault', () => {
  it('returns the result, or the reason why a record is invalid', () => {
    expect(resultOrFault(() => 7)).toEqual({ result: 7 })
    const read = (): never => {
      throw new RecordInvalidError('sk must be a string', { entry: 'a', line: 1 })
    }
    expect(resultOrFault(read)).toEqual({ fault: 'sk must be a string' })
  })

  it('throws any other error, which is not a fault of the record', () => {
    const read = (): never => {
      throw new EntryCorruptError('a', 'b', 'c')
    }
    expect(() => resultOrFault(read)).toThrow(EntryCorruptError)
  })
})
