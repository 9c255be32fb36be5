import { SignatureV4 } from '@smithy/signature-v4'
import { Sha256 } from '../../../infra/local/s3/signing/sha256.ts'
import type { AccessKey, EmulatorAddress } from '../emulator/emulator.ts'
import { type HttpsAnswer, type HttpsRequest, sendHttps } from './https.ts'

/** Sends requests with the signature of one user (AWS Signature Version 4). */
export class SignedRequests {
  readonly #address: EmulatorAddress
  readonly #region: string
  readonly #key: AccessKey

  constructor(address: EmulatorAddress, region: string, key: AccessKey) {
    this.#address = address
    this.#region = region
    this.#key = key
  }

  /** Signs and sends a request. `service` is the name of the AWS service in the signature, such as `execute-api`. */
  async send(service: string, { method, url, headers = {}, body }: HttpsRequest): Promise<HttpsAnswer> {
    const signer = new SignatureV4({
      credentials: this.#key,
      service,
      region: this.#region,
      sha256: Sha256,
      uriEscapePath: service !== 's3',
      applyChecksum: true,
    })
    const { headers: signed } = await signer.sign({
      method,
      protocol: 'https:',
      hostname: url.hostname,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: { ...headers, host: url.host },
      ...(body === undefined ? {} : { body }),
    })
    return sendHttps(this.#address, { method, url, headers: signed, ...(body === undefined ? {} : { body }) })
  }

  /**
   * Calls an AWS API and returns its response. Throws an error with the response if the call fails. `request` is the
   * method and path, such as `GET /schedules/nightly`.
   */
  async call(
    service: string,
    request: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<string> {
    const [method = 'GET', path = '/'] = request.split(' ')
    const answer = await this.send(service, {
      method,
      url: new URL(path, `https://127.0.0.1:${this.#address.port}`),
      headers,
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
    })
    const text = answer.body.toString()
    if (answer.status >= 400) throw new Error(`${service} ${request}: ${answer.status} ${text}`)
    return text
  }
}
