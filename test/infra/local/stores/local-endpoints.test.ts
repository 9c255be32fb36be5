import { describe, expect, it } from 'vitest'
import { localEndpoints, NoAnswerError, NotLocalError, probe } from '../../../../infra/local/stores/local-endpoints.ts'
import { freePorts } from '../../../../infra/local/processes/free-ports.ts'

describe('localEndpoints', () => {
  it.each([
    [{ S3_PORT: 'ninety' }, 'must be the number of a port, from 1 to 65535'],
    [{ DYNAMODB_PORT: '0' }, 'must be the number of a port, from 1 to 65535'],
    [{ AWS_ENDPOINT_URL_S3: 'local' }, 'must be a URL'],
  ])('rejects %j with the allowed values', (env, message) => {
    expect(() => localEndpoints(env)).toThrow(
      expect.objectContaining({ issues: [expect.objectContaining({ path: Object.keys(env), message })] }),
    )
  })

  it('uses the configured ports and the access key of the local services', () => {
    const env = { S3_PORT: '9100', DYNAMODB_PORT: '8100', AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'x' }
    expect(localEndpoints(env)).toEqual({
      dynamo: 'http://127.0.0.1:8100',
      s3: 'http://127.0.0.1:9100',
      credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    })
  })

  it.each(['http://[::1]:8000', 'http://localhost:8000', 'http://127.0.0.1:8000'])('accepts %s', (endpoint) => {
    expect(localEndpoints({ AWS_ENDPOINT_URL_DYNAMODB: endpoint }).dynamo).toBe(endpoint)
  })

  it.each([
    { AWS_ENDPOINT_URL_DYNAMODB: 'https://dynamodb.eu-central-1.amazonaws.com' },
    { AWS_ENDPOINT_URL_S3: 'http://localhost.example.com:9000' },
    { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1@example.com' },
  ])('rejects an endpoint on another machine: %o', (env) => {
    expect(() => localEndpoints(env)).toThrow(NotLocalError)
  })
})

describe('probe', () => {
  it('reports which server does not respond and which variable to check', async () => {
    const [s3 = 0, dynamo = 0] = await freePorts(2)
    const endpoints = localEndpoints({ S3_PORT: String(s3), DYNAMODB_PORT: String(dynamo) })
    await expect(probe(endpoints)).rejects.toThrow(NoAnswerError)
    await expect(probe(endpoints)).rejects.toThrow(
      `no DynamoDB server responds at http://127.0.0.1:${dynamo}: start the local program with \`npm start\`. ` +
        'If the program is running with another DYNAMODB_PORT, set DYNAMODB_PORT to the same value for this command',
    )
  })
})
