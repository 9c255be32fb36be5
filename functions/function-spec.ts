import type { Permissions } from './permissions.ts'

/** Describes one Lambda function. `routes.ts`, `events.ts` and `stages.ts` contain a row for each function. */
export interface FunctionSpec {
  /** Unique in the deployment. The function on AWS is called `<deployment>-<name>`. */
  readonly name: string
  /** Path in `functions/` of the module that exports `handler`. */
  readonly file: string
  readonly size: FunctionSize
  readonly permissions: Permissions
  /** The function receives the schedules of the settings in the environment variable `SCHEDULES`. */
  readonly readsSchedules?: true
}

/**
 * Memory in MiB and time limit in seconds. Lambda allocates CPU in proportion to memory. A function with 1,769 MiB has
 * one core.
 */
interface FunctionSize {
  readonly memory: number
  readonly timeout: number
}

export const SIZES = {
  /**
   * API Gateway ends a request after 30 seconds.
   * With less memory, and therefore less CPU, cold starts would take too long.
   */
  route: { memory: 512, timeout: 30 },
  /**
   * Routes that accept an archive of up to 4 MiB in the body. Memory holds it as base64, as bytes and for the upload.
   */
  import: { memory: 1024, timeout: 30 },
  /**
   * A pass ends as soon as it can after five minutes. The time limit is three times as long.
   * Workers compress, hash and parse data, so they need a full core.
   */
  worker: { memory: 1769, timeout: 900 },
  /** Planners read the results of earlier stages and write lists of up to a million keys. */
  planner: { memory: 1024, timeout: 900 },
  /** An event starts or ends one job. */
  event: { memory: 512, timeout: 60 },
  /** Housekeeping lists and opens every archive of every schedule. */
  housekeeping: { memory: 512, timeout: 900 },
} as const satisfies Readonly<Record<string, FunctionSize>>

/**
 * Converts the name of a function to PascalCase: `export-records` becomes `ExportRecords`.
 * This is the name of the stage's state in the workflow and of the function's CDK construct.
 */
export const pascalCase = (name: string): string =>
  name
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('')
