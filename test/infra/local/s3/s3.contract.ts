import { afterAll, beforeAll, describe } from 'vitest'
import { bodyContract } from './contract/bodies.ts'
import { conditionContract } from './contract/conditions.ts'
import { listContract } from './contract/lists.ts'
import { multipartContract } from './contract/multipart.ts'
import { objectContract } from './contract/objects.ts'
import { type Capability, S3Session, type S3Target } from './contract/session.ts'
import { signatureContract } from './contract/signatures.ts'
import { versionContract } from './contract/versions.ts'

interface S3ContractOptions {
  readonly name: string
  readonly capabilities: ReadonlySet<Capability>
  readonly start: () => Promise<S3Target>
}

/** What this project requires of an S3 server. It creates its own buckets and removes them at the end. */
export const s3Contract = ({ name, capabilities, start }: S3ContractOptions): void => {
  const session = new S3Session(start, capabilities)
  describe(name, () => {
    beforeAll(() => session.open())
    afterAll(() => session.close())
    objectContract(session)
    conditionContract(session)
    bodyContract(session)
    listContract(session)
    multipartContract(session)
    signatureContract(session)
    versionContract(session)
  })
}
