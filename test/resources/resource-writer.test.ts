import { startServices } from '../services.ts'
import { resourceWriterContract } from './resource-writer.contract.ts'

resourceWriterContract(startServices)
