import { describe, expect, it } from 'vitest'
import { problemOf } from '../../shared/problems/problem.ts'
import { ThrottledError } from '../../shared/throttling/throttled-error.ts'

const cause = new Error('the rate is too high')

describe('the error of a throttled call', () => {
  it('states the service, the operation, the table and the time, and keeps the error of AWS', () => {
    const call = { service: 'DynamoDB', operation: 'Query', target: 'table specstar-resources' }
    const error = new ThrottledError(call, 12_340, cause)
    expect(error.message).toMatch(
      /^DynamoDB throttled the operation Query on table specstar-resources for 12\.3 seconds, /,
    )
    expect(error.cause).toBe(cause)
    expect(problemOf(error)).toEqual({
      type: 'throttled',
      title: 'AWS throttled a call until the time limit was reached',
      status: 503,
      detail: error.message,
    })
  })

  it('omits the target if the request has none', () => {
    const error = new ThrottledError({ service: 'STS', operation: 'AssumeRole' }, 5_000, cause)
    expect(error.message).toMatch(/^STS throttled the operation AssumeRole for 5\.0 seconds, /)
  })
})
