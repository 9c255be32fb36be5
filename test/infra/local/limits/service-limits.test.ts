import { describe, expect, it } from 'vitest'
import { AWS_LIMITS, awsLimits, parseLimits } from '../../../../infra/local/limits/service-limits.ts'

describe('the variable LIMITS', () => {
  it.each([[undefined], ['']])('sets no limits if it is %j', (text) => {
    expect(parseLimits(text)).toEqual({})
  })

  it('sets the limits of AWS, or a fraction of their rates', () => {
    expect(parseLimits('aws')).toEqual(AWS_LIMITS)
    expect(parseLimits('aws/20')).toEqual(awsLimits(20))
    expect(awsLimits(20)).toMatchObject({
      dynamodb: { partitionUnits: 150, tableUnits: 600, writeCost: 3, creditSeconds: 300 },
      s3: { writesPerSecond: 175, readsPerSecond: 275 },
      lambda: { concurrency: 1000 },
    })
  })

  it('sets the limits of single services as JSON', () => {
    expect(parseLimits('{"lambda":{"concurrency":10}}')).toEqual({ lambda: { concurrency: 10 } })
  })

  it.each([
    ['aws/0', ''],
    ['aws/', ''],
    ['awsome', ''],
    ['{', ''],
    ['[]', 'must be an object with these members: dynamodb, s3, lambda; '],
    ['{"lambda":{"concurrency":0}}', 'lambda.concurrency: must be more than 0; '],
    ['{"lambda":{"memory":1}}', 'lambda.concurrency: is missing; it must be a number; lambda: has the unknown member '],
  ])('rejects %s and names the allowed values', (text, fault) => {
    const parse = () => parseLimits(text)
    expect(parse).toThrow(`LIMITS=${text} is not valid: ${fault}`)
    expect(parse).toThrow('set LIMITS to aws, to aws/N with a divisor N from 1 to 9999, or to a JSON object')
  })
})
