import * as z from 'zod'
import { SERVER_NAMES, type ServerName } from './servers.ts'

/** The names of the servers of one run, separated by commas. */
export const ServerNames = z
  .string()
  .transform((names) => names.split(','))
  .pipe(
    z.array(z.enum(SERVER_NAMES, `must be a list of these servers, separated by commas: ${SERVER_NAMES.join(', ')}`)),
  )

/**
 * Tests that a server fails because it differs from AWS, by what the server does. A text stands for all tests whose
 * full names contain it. A full name is the titles of the suites and of the test.
 */
type Deviations = Readonly<Record<string, readonly string[]>>

const OTHER_SIGNATURE: Deviations = {
  'expects another signature if a header has characters outside ASCII': [
    'the headers and user metadata of a blob > are stored when the blob is written by',
    'the headers and user metadata of a blob > are rejected with an error that names the blob',
    'an object whose Content-Disposition has characters outside ASCII',
    'repeats a conditional write that conflicts with another write: CompleteMultipartUploadCommand',
  ],
}

/**
 * Everything that `npm run test:compat` skips. Every text must stand for at least one test: otherwise the run fails, so
 * that the table contains nothing that is not needed any more.
 */
export const DEVIATIONS: Readonly<Record<ServerName, Deviations>> = {
  'dynamodb-local': {
    'counts only the items that match a filter in the 1 MB that a query reads': [
      'returns empty steps with a cursor for entries that do not match',
    ],
  },
  minio: {
    ...OTHER_SIGNATURE,
    'counts more than user metadata in the limit of 2 KB': [
      'the headers and user metadata of a blob > can fill the 2 KB',
      'an object > has at most 2 KB of user metadata',
      'user metadata that looks as if this program had added it > is kept: 2 KB in all',
    ],
    'returns no Expires header': ['an object > is returned with all its headers, also after it was copied'],
    'ignores CopySourceIfNoneMatch': ['a condition > of a copy pins its source and protects its target'],
    'ignores If-Match when it deletes an object': ['If-Match protects an object from being deleted'],
    'answers XAmzContentChecksumMismatch instead of BadDigest': [
      'a checksum > that does not match is rejected',
      'compares the listed checksums of parts with those of the uploaded parts',
    ],
    'ignores the checksum in a presigned URL': ['in a presigned URL binds the body of the upload'],
    'adds text of its own to NextMarker': ['a list > continues after markers in its first version'],
    'answers hundreds of lists only after minutes': ['a list > agrees with a simple model'],
    'aborts an upload twice without an error': ['does not exist any more after it was aborted'],
    'answers InvalidRequest instead of MalformedXML': ['rejects a wrong order, an empty list, and small parts'],
    'answers InvalidPart instead of InvalidArgument': ['a part > has a number from 1 to 10,000'],
    'lists only the uploads of one exact key': ['lists of uploads and parts > are in order, in pages'],
    'answers 400 instead of 403 if a signed header is missing': [
      'a presigned URL > with If-None-Match accepts one object',
      'a signed URL > accepts one upload with its headers',
    ],
    'accepts x-amz headers that are not signed': ['rejects x-amz headers that it did not sign'],
    'creates no delete marker for a key without objects': ['creates a marker also for a key that does not exist'],
    'shows an old version after the deletion of a newer one': ['keeps an object hidden while an older delete marker'],
  },
  versitygw: {
    ...OTHER_SIGNATURE,
    'counts more than user metadata in the limit of 2 KB': [
      'the headers and user metadata of a blob > can fill the 2 KB',
    ],
    'answers 304 instead of 412 if CopySourceIfNoneMatch fails': ['a condition > of a copy pins its source'],
    'ignores the checksum in a presigned URL': ['in a presigned URL binds the body of the upload'],
    'rejects chunks of less than 8 KiB': ['arrives from the SDK as chunks with a checksum after them'],
    'creates an object from an incomplete body': ['a body that is cut off'],
    'ignores EncodingType=url': ['a list > escapes names on request'],
    'accepts an invalid continuation token': ['rejects invalid page sizes and continuation tokens'],
    'lists deleted keys although the request is quiet': ['removes a thousand keys in one call'],
    'accepts the completion of an upload twice': ['does not exist any more after it was completed'],
    'checks the sizes of parts before their order and their existence': [
      'rejects a wrong order, an empty list, and small parts',
      'accepts a list of ten thousand parts',
    ],
    'ignores conditions of UploadPartCopy': ['is copied from an object, or from a range of it, in the named state'],
    'rejects its own marker in the next page of uploads': ['lists of uploads and parts > are in order, in pages'],
    'creates no delete marker for a key without objects': ['creates a marker also for a key that does not exist'],
    'treats a delete marker as an object in If-None-Match': [
      'lets If-None-Match create an object over a delete marker',
    ],
    'keeps the old null version': ['keeps one null version while versioning is suspended'],
    'returns the same page of versions again and again': ['lists versions in pages of any size'],
  },
}

interface MissingCapability {
  /** The name in `CAPABILITIES` of `test/infra/local/s3/contract/session.ts`. */
  readonly name: string
  /** The full names of the tests that the contract skips. */
  readonly tests: RegExp
  readonly reason: string
}

const ANY_KEY: MissingCapability = {
  name: 'any-key',
  tests: /can have the unusual key/,
  reason: 'cannot store keys such as `a//b`, or `a` beside `a/b`',
}

/** Capabilities that a server lacks. The S3 contract skips their tests, and uses other keys in other tests. */
export const MISSING_CAPABILITIES: Readonly<Partial<Record<ServerName, MissingCapability>>> = {
  minio: ANY_KEY,
  versitygw: ANY_KEY,
}

/** Returns what one of the servers does so that it fails a test. Undefined if the servers must pass the test. */
export const deviationOf = (servers: readonly ServerName[], fullName: string): string | undefined =>
  servers
    .flatMap((server) => Object.entries(DEVIATIONS[server]))
    .find(([, tests]) => tests.some((test) => fullName.includes(test)))?.[0]
