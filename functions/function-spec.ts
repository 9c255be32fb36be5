import type { Permissions } from './permissions.ts'

/** One Lambda function, as a row of `routes.ts`, `events.ts` or `stages.ts` describes it. */
export interface FunctionSpec {
  /** Unique in the deployment. The function on AWS is called `<deployment>-<name>`. */
  readonly name: string
  /** Path in `functions/` of the module that exports `handler`. */
  readonly file: string
  readonly size: FunctionSize
  readonly permissions: Permissions
}

/** Memory in MiB (1,769 MiB come with one full CPU core), and the time limit in seconds. */
export interface FunctionSize {
  readonly memory: number
  readonly timeout: number
}

export const SIZES = {
  /**
   * API Gateway ends a request after 30 seconds.
   * CPU comes with memory: this much parses requests quickly and keeps cold starts short.
   */
  route: { memory: 512, timeout: 30 },
  /** A body of 4 MiB is in memory three times: as base64, as bytes, and as an upload to S3. */
  import: { memory: 1024, timeout: 30 },
  /**
   * A pass stops after five minutes, as soon as its cursor can be stored; the time limit leaves three times that.
   * One full core compresses, hashes and parses.
   */
  worker: { memory: 1769, timeout: 900 },
  /** Reads the results of earlier stages and writes lists: usually thousands of keys, at most a million. */
  planner: { memory: 1024, timeout: 900 },
  /** Starts or ends one job. */
  event: { memory: 512, timeout: 60 },
  /** Lists and opens every archive of every schedule. */
  housekeeping: { memory: 512, timeout: 900 },
} as const satisfies Readonly<Record<string, FunctionSize>>

/** `export-records` → `ExportRecords`, which names the state of a stage and the CDK construct of a function. */
export const pascalCase = (name: string): string =>
  name
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('')
