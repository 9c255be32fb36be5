import { useServices } from '../services.ts'
import { resourceWriterContract } from './resource-writer.contract.ts'

resourceWriterContract(useServices)
