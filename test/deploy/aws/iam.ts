import { XMLParser } from 'fast-xml-parser'
import * as z from 'zod'
import type { AccessKey } from '../emulator/emulator.ts'
import type { SignedRequests } from './signed-requests.ts'

const Created = z.object({
  CreateAccessKeyResponse: z.object({
    CreateAccessKeyResult: z.object({ AccessKey: z.object({ AccessKeyId: z.string(), SecretAccessKey: z.string() }) }),
  }),
})

export interface Statement {
  readonly Action: string | readonly string[]
  readonly Resource: string | readonly string[]
}

/** Creates an IAM user with an inline policy of these `Allow` statements, and returns an access key of the user. */
export const createUser = async (
  root: SignedRequests,
  name: string,
  statements: readonly Statement[],
): Promise<AccessKey> => {
  await callIam(root, { Action: 'CreateUser', UserName: name })
  const allowed = statements.map((statement) => ({ Effect: 'Allow', ...statement }))
  if (statements.length > 0)
    await callIam(root, {
      Action: 'PutUserPolicy',
      UserName: name,
      PolicyName: 'own',
      PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: allowed }),
    })
  const xml = await callIam(root, { Action: 'CreateAccessKey', UserName: name })
  const { AccessKeyId, SecretAccessKey } = Created.parse(new XMLParser({ parseTagValue: false }).parse(xml))
    .CreateAccessKeyResponse.CreateAccessKeyResult.AccessKey
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey }
}

const callIam = (root: SignedRequests, parameters: Readonly<Record<string, string>>): Promise<string> =>
  root.call(
    'iam',
    'POST /',
    { 'content-type': 'application/x-www-form-urlencoded' },
    new URLSearchParams({ ...parameters, Version: '2010-05-08' }).toString(),
  )
