// Decides as `pointsman route` does, from router.json and router.onnx alone.
//
//   npm install onnxruntime-node
//   node route.mjs DIR "What is 17 * 23?" [OPERATING_POINT]
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

// What Python takes for blank.
const BLANK = /^[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$/u;

const argmax = (values) => values.reduce((best, value, at) => (value > values[best] ? at : best), 0);

export async function load(folder, ort) {
  const manifest = JSON.parse(readFileSync(join(folder, "router.json"), "utf8"));
  const session = await ort.InferenceSession.create(join(folder, "router.onnx"), { intraOpNumThreads: 1 });
  return { manifest, run: (text) => session.run({ prompt: new ort.Tensor("string", [text], [1]) }) };
}

// Of a prompt of more than 65,536 characters both ends are scored.
function bothEnds(text) {
  if (text.length <= 65536) return text;
  const characters = [...text];
  return characters.length <= 65536 ? text : [...characters.slice(0, 32768), ...characters.slice(-32768)].join("");
}

export async function route({ manifest, run }, prompt, point = manifest.default_operating_point) {
  // NUL cuts a string short in some bindings, and half of a surrogate pair has no UTF-8 form.
  const found = await run(bothEnds(prompt).replace(/[\0\ud800-\udfff]/gu, "\ufffd"));
  const p = [...found.p_success.data];
  const names = manifest.models.map((model) => model.name);
  const rule = manifest.operating_points[point];
  const similarity = found.similarity ? found.similarity.data[0] : null;
  // Written so that NaN is unfamiliar.
  const unfamiliar = manifest.guard !== null && !(similarity >= manifest.guard.threshold);
  const byDefault = unfamiliar || BLANK.test(prompt);
  const fallback = manifest.guard === null ? manifest.best_single : manifest.guard.fallback;
  const chosen = byDefault ? names.indexOf(fallback) : choose(manifest, rule, p, [...found.p_label.data]);
  return {
    model: names[chosen],
    p_success: Object.fromEntries(names.map((name, m) => [name, p[m]])),
    similarity,
    unfamiliar,
    operating_point: point,
    router: `${manifest.name}/${manifest.version}`,
  };
}

// The rules of pointsman/decide.py; a tie goes to the cheaper model, which comes first.
function choose(manifest, rule, p, label) {
  const cost = manifest.models.map((model) => model.mean_cost_usd);
  const most = Math.max(...cost);
  // The risk of a model is that a dearer one is needed; the last label is all-fail, which no model mends.
  const risk = new Array(p.length).fill(0);
  for (let m = p.length - 2; m >= 0; m--) risk[m] = risk[m + 1] + label[m + 1];
  const caution = rule.rule === "threshold" ? 0 : rule.caution;
  const utility = p.map((one, m) => one - caution * risk[m] - rule.lam * (most > 0 ? cost[m] / most : 0));
  const best = manifest.models.findIndex((model) => model.name === manifest.best_single);
  if (rule.rule === "conservative") return argmax(utility.map((one, m) => (m === best ? one + rule.hold : one)));
  const enough = rule.rule === "threshold" ? p.findIndex((one) => one >= rule.threshold) : -1;
  return enough >= 0 ? enough : argmax(utility);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder, prompt, point] = process.argv.slice(2);
  const ort = (await import("onnxruntime-node")).default;
  console.log(JSON.stringify(await route(await load(folder, ort), prompt, point), null, 1));
}
