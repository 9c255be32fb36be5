import { AsyncLocalStorage } from 'node:async_hooks'
import { vi } from 'vitest'
import { targetOf } from '../../shared/throttling/call-target.ts'
import { ThrottledError } from '../../shared/throttling/throttled-error.ts'
import type { RunnerOptions, WorkflowRunner } from './workflow-runner.ts'

/** A call to AWS. `target` is its table or bucket, and `key` is the key of an S3 object or an empty string. */
export interface Call {
  /** The stage that makes the call. Undefined outside of stages, and if the runner does not use `callWithStage`. */
  readonly stage: string | undefined
  readonly operation: string
  readonly target: string
  readonly key: string
}

const stages = new AsyncLocalStorage<string>()

/** The option of a runner with which each call contains its stage. */
export const callWithStage: NonNullable<RunnerOptions['callStage']> = (stage, call) => stages.run(stage, call)

/** Returns the error of a call that was throttled until the time of its pass was used up. */
export const throttledError = (): ThrottledError =>
  new ThrottledError({ service: 'DynamoDB', operation: 'Query' }, 0, undefined)

/**
 * Lets calls of a runner fail as if they were throttled until the time of their pass is used up. `isThrottled` is
 * called with each call. Returns the calls. Ends with `vi.restoreAllMocks()`.
 */
export const throttleCalls = (
  { clients }: Pick<WorkflowRunner, 'clients'>,
  isThrottled: (call: Call) => boolean,
): readonly Call[] => {
  const calls: Call[] = []
  const spyOn = (client: { send: (command: never) => Promise<unknown> }): void => {
    const send = client.send.bind(client) as (command: Command) => Promise<unknown>
    vi.spyOn(client, 'send').mockImplementation((command: Command) => {
      const { Key } = command.input
      const call = {
        stage: stages.getStore(),
        operation: command.constructor.name.replace(/Command$/, ''),
        target: targetOf(command.input) ?? '',
        key: typeof Key === 'string' ? Key : '',
      }
      calls.push(call)
      return isThrottled(call) ? Promise.reject(throttledError()) : send(command)
    })
  }
  spyOn(clients.dynamo)
  spyOn(clients.s3)
  return calls
}

interface Command {
  readonly constructor: { readonly name: string }
  readonly input: { readonly Key?: unknown }
}

/**
 * Returns a function that returns true for `count` of the calls for which `matches` returns true, beginning with call
 * `n` (counted from 1).
 */
export const nthCall = (n: number, matches: (call: Call) => boolean, count = 1): ((call: Call) => boolean) => {
  let calls = 0
  return (call) => matches(call) && ++calls >= n && calls < n + count
}
