import { describe, expect, it } from 'vitest'
import { checkWorkflow } from '../../../functions/workflows/check.workflow.ts'
import { exportWorkflow } from '../../../functions/workflows/export.workflow.ts'
import { restoreWorkflow } from '../../../functions/workflows/restore.workflow.ts'
import type { Definition } from '../../../functions/workflows/states.ts'
import { ERROR_TABLE } from '../../../shared/problems/error-table.ts'
import { numbersOf } from '../../large/noise.ts'
import { simulateMap } from './lambda-limit.ts'
import {
  averageDelay,
  type ParsedState,
  type ParsedStates,
  parseStates,
  type Retrier,
  retrierFor,
} from './parsed-definition.ts'

const LAMBDA_ERRORS = [
  'Lambda.TooManyRequestsException',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
]
const THROTTLING_ERRORS = ['Lambda.TooManyRequestsException', 'ThrottledError']
const HOUR = 3600

/** Returns the time in seconds that all retries of a retrier take on average, without the time of the attempts. */
const averageSeconds = (retrier: Retrier | undefined): number =>
  retrier === undefined
    ? 0
    : Array.from({ length: retrier.MaxAttempts }, (_, retry) => averageDelay(retrier, retry)).reduce((a, b) => a + b, 0)

/** Returns all tasks of a workflow by their names, including the tasks in maps. */
const tasksOf = (states: ParsedStates): [string, ParsedState][] =>
  Object.entries(states).flatMap(([name, state]): [string, ParsedState][] => {
    if (state.ItemProcessor !== undefined) return tasksOf(state.ItemProcessor.States)
    return state.Type === 'Task' ? [[name, state]] : []
  })

describe.each<[string, Definition]>([
  ['export', exportWorkflow((stage) => stage)],
  ['restore', restoreWorkflow((stage) => stage)],
  ['check', checkWorkflow((stage) => stage)],
])('every stage of the %s workflow', (_kind, definition) => {
  const tasks = tasksOf(parseStates(definition))

  it.each([...LAMBDA_ERRORS, 'ThrottledError'])('is retried for more than an hour on average after %s', (error) => {
    for (const [name, { Retry }] of tasks) {
      const retrier = retrierFor(Retry, error)
      expect.soft(retrier?.JitterStrategy, name).toBe('FULL')
      expect.soft(averageSeconds(retrier), name).toBeGreaterThan(HOUR)
    }
  })

  it.each(THROTTLING_ERRORS)('is retried until the time limit of the execution after %s', (error) => {
    for (const [name, { Retry, Catch }] of tasks)
      // An item of an inline map continues in the distributed map, where it is retried until the time limit.
      if (name.endsWith('InlineWork'))
        expect.soft(Catch, name).toContainEqual({ Next: name.replace(/Work$/, 'Unfinished') })
      else expect.soft(averageSeconds(retrierFor(Retry, error)), name).toBeGreaterThan(definition.TimeoutSeconds)
  })

  it('is not retried after an error that a repetition would cause again', () => {
    const final = Object.entries(ERROR_TABLE).flatMap(([name, { retryable }]) => (retryable ? [] : [name]))
    for (const [name, { Retry }] of tasks.filter(([name]) => !name.startsWith('Fail')))
      for (const error of final) expect.soft(retrierFor(Retry, error)?.MaxAttempts, `${name}: ${error}`).toBe(0)
  })

  it('is retried within a minute after any other error', () => {
    for (const [name, { Retry }] of tasks.filter(([name]) => !name.startsWith('Fail')))
      expect.soft(averageSeconds(retrierFor(Retry, 'TypeError')), name).toBeLessThan(60)
  })
})

/** The retrier of all errors in version 3, which also applied to throttled invocations. */
const FORMER_RETRIER: Retrier = {
  ErrorEquals: ['States.ALL'],
  IntervalSeconds: 2,
  MaxAttempts: 4,
  BackoffRate: 2,
  MaxDelaySeconds: 30,
  JitterStrategy: 'FULL',
}

describe('a distributed map in an account with 10 functions', () => {
  const distributed = parseStates(exportWorkflow((stage) => stage))['ExportRecordsDistributed']
  const retriers = distributed?.ItemProcessor?.States['ExportRecordsDistributedWork']?.Retry ?? []

  /** Simulates jobs. Each pass takes from 1 to 5 minutes. Each item has from 1 to `maxPasses` passes. */
  const simulate = (used: readonly Retrier[], jobs: number, count: number, maxPasses: number) =>
    Array.from({ length: jobs }, (_, job) => {
      const random = numbersOf(`job ${job}`)
      const items = Array.from({ length: count }, () =>
        Array.from({ length: Math.ceil(random() * maxPasses) }, () => 60 + random() * 240),
      )
      return simulateMap({ retriers: used, limit: 10, items, random })
    })

  it('succeeds in 200 of 200 jobs with 12 items', () => {
    expect(simulate(retriers, 200, 12, 6).filter(({ succeeded }) => succeeded)).toHaveLength(200)
  })

  it('failed in 200 of 200 such jobs before throttled invocations had a retrier of their own', () => {
    expect(simulate([FORMER_RETRIER], 200, 12, 6).filter(({ succeeded }) => succeeded)).toHaveLength(0)
  })

  it('succeeds although items wait for hours until other items have ended, and uses most of the functions', () => {
    const outcomes = simulate(retriers, 20, 64, 60)
    expect(outcomes.filter(({ succeeded }) => succeeded)).toHaveLength(20)
    expect(Math.max(...outcomes.map(({ seconds }) => seconds))).toBeGreaterThan(10 * HOUR)
    expect(outcomes.reduce((sum, { used }) => sum + used, 0) / 20).toBeGreaterThan(0.85)
  })
})
