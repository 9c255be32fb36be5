import { startServices } from '../services.ts'
import { archiveJudgementsContract } from './archive-judgements.contract.ts'

archiveJudgementsContract(startServices)
