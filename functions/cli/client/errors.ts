import type { Problem } from '../../../shared/problems/problem.ts'

/** Thrown if the API has responded with a problem, or if a job has failed with it. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly problem: Problem

  constructor(problem: Problem) {
    super(`${problem.title}: ${problem.detail}`)
    this.problem = problem
  }
}

/** Thrown if no response has arrived, or one that is not of this API. The message says what the user can do. */
export class UnreachableError extends Error {
  override readonly name: string = 'UnreachableError'
}

/** Thrown if the network or the API is down, or throttles requests. A later request may succeed. */
export class NoResponseError extends UnreachableError {}
