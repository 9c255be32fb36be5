import { z } from 'zod'
import { SERVER_NAMES, type ServerName } from './servers.ts'

/** The names of the servers of one run, separated by commas. */
export const ServerNames = z
  .string()
  .transform((names) => names.split(','))
  .pipe(z.array(z.enum(SERVER_NAMES)))

/** Tests that a server fails because it differs from AWS. */
interface Deviation {
  readonly server: ServerName
  /** Text that the full names of these tests contain. A full name is the titles of the suites and of the test. */
  readonly test: string
  /** What the server does. */
  readonly reason: string
}

/**
 * Everything that `npm run test:compat` skips. Every row must match at least one test: otherwise the run fails, so that
 * the table contains no rows that are not needed any more.
 */
export const DEVIATIONS: readonly Deviation[] = [
  {
    server: 'versitygw',
    test: 'the headers and user metadata of a blob > are stored when the blob is written by',
    reason: 'expects another signature if a header has characters outside ASCII',
  },
  {
    server: 'versitygw',
    test: 'the headers and user metadata of a blob > can fill the 2 KB',
    reason: 'expects another signature if a header has characters outside ASCII',
  },
  {
    server: 'versitygw',
    test: 'are rejected with an error that names the blob if S3 rejects them',
    reason: 'expects another signature if a header has characters outside ASCII',
  },
  {
    server: 'versitygw',
    test: 'an object whose Content-Disposition has characters outside ASCII',
    reason: 'expects another signature if a header has characters outside ASCII',
  },
  {
    server: 'versitygw',
    test: 'of a copy pins its source and protects its target',
    reason: 'answers 304 instead of 412 if CopySourceIfNoneMatch fails',
  },
  {
    server: 'versitygw',
    test: 'in a presigned URL binds the body of the upload',
    reason: 'ignores the checksum in a presigned URL',
  },
  {
    server: 'versitygw',
    test: 'arrives from the SDK as chunks with a checksum after them',
    reason: 'rejects chunks of less than 8 KiB',
  },
  {
    server: 'versitygw',
    test: 'a body that is cut off',
    reason: 'creates an object from an incomplete body',
  },
  { server: 'versitygw', test: 'a list > escapes names on request', reason: 'ignores EncodingType=url' },
  {
    server: 'versitygw',
    test: 'rejects invalid page sizes and continuation tokens',
    reason: 'accepts an invalid continuation token',
  },
  {
    server: 'versitygw',
    test: 'removes a thousand keys in one call',
    reason: 'lists deleted keys although the request is quiet',
  },
  {
    server: 'versitygw',
    test: 'does not exist any more after it was completed',
    reason: 'accepts the completion of an upload twice',
  },
  {
    server: 'versitygw',
    test: 'rejects a wrong order, an empty list, and small parts before the last',
    reason: 'checks the sizes of parts before their order',
  },
  {
    server: 'versitygw',
    test: 'accepts a list of ten thousand parts',
    reason: 'checks the sizes of parts before their existence',
  },
  {
    server: 'versitygw',
    test: 'is copied from an object, or from a range of it, in the named state',
    reason: 'ignores conditions of UploadPartCopy',
  },
  {
    server: 'versitygw',
    test: 'lists of uploads and parts > are in order, in pages',
    reason: 'rejects its own marker in the next page of uploads',
  },
  {
    server: 'versitygw',
    test: 'creates a marker also for a key that does not exist',
    reason: 'creates no delete marker for a key without objects',
  },
  {
    server: 'versitygw',
    test: 'lets If-None-Match create an object over a delete marker',
    reason: 'treats a delete marker as an object in If-None-Match',
  },
  {
    server: 'versitygw',
    test: 'keeps one null version while versioning is suspended',
    reason: 'keeps the old null version',
  },
  {
    server: 'versitygw',
    test: 'lists versions in pages of any size',
    reason: 'returns the same page of versions again and again',
  },
]

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

/** Returns the deviation that makes one of the servers fail a test. */
export const deviationOf = (servers: readonly ServerName[], fullName: string): Deviation | undefined =>
  DEVIATIONS.find(({ server, test }) => servers.includes(server) && fullName.includes(test))
