// 1,000 students with think time: what each asks for, how often, and how long the answer may take.
// Run by benchmarks/load.py, which writes the file of TARGETS: addresses, tokens, ids.
import { check, sleep } from "k6";
import exec from "k6/execution";
import http from "k6/http";
import { SharedArray } from "k6/data";
import { Counter } from "k6/metrics";

// Read once for all users: a thousand of them would each parse the file, and keep it.
const students = new SharedArray("students", () => JSON.parse(open(__ENV.TARGETS)).students);
const [targets] = new SharedArray("targets", () => {
  const { url, questions } = JSON.parse(open(__ENV.TARGETS));
  return [{ url, questions }];
});
const refused = new Counter("refused");
const held = new Counter("held"); // answers while all students are there

// Shares of a student's requests. Most of the time somebody watches; now and then somebody asks.
const MIX = [
  ["list", 14, list],
  ["detail", 22, detail],
  ["transcript", 10, transcript],
  ["captions", 10, captions],
  ["watch", 16, watch],
  ["search", 10, search],
  ["play", 6, play],
  ["quiz", 6, quiz],
  ["attempt", 2, attempt],
  ["chat", 4, chat],
];
const TOTAL = MIX.reduce((sum, [, share]) => sum + share, 0);
const THINK_SECONDS = Number(__ENV.THINK_SECONDS);

export const options = {
  scenarios: {
    students: {
      executor: "ramping-vus",
      startVUs: 0,
      stages: [
        { duration: `${__ENV.RAMP_SECONDS}s`, target: Number(__ENV.USERS) },
        { duration: `${__ENV.SECONDS}s`, target: Number(__ENV.USERS) },
      ],
      gracefulRampDown: "5s",
      gracefulStop: "10s",
    },
  },
  discardResponseBodies: false,
  summaryTrendStats: ["med", "p(95)", "p(99)", "max", "count"],
  // A threshold that always holds makes k6 keep the figures of each endpoint apart; load.py judges.
  thresholds: Object.fromEntries(MIX.map(([name]) => [`http_req_duration{name:${name}}`, ["max>=0"]])),
};

export default function () {
  const student = students[(exec.vu.idInTest - 1) % students.length];
  sleep(exponential(THINK_SECONDS));
  const [name, ask] = chosen();
  const answer = ask(student, {
    headers: { Authorization: `Bearer ${student.token}`, "Content-Type": "application/json" },
    tags: { name },
    timeout: "35s",
  });
  const second = exec.instance.currentTestRunDuration / 1000 - Number(__ENV.RAMP_SECONDS);
  if (second >= 0 && second < Number(__ENV.SECONDS)) held.add(1);
  if (!check(answer, { answered: (a) => a.status >= 200 && a.status < 300 })) {
    refused.add(1, { name, status: String(answer.status) });
    if (__ENV.VERBOSE) console.error(`${name}: ${answer.status} ${String(answer.body).slice(0, 300)}`);
  }
}

function list(student, how) {
  return http.get(`${targets.url}/api/videos?limit=20`, how);
}

function detail(student, how) {
  return http.get(`${targets.url}/api/videos/${video(student)}`, how);
}

function transcript(student, how) {
  return http.get(`${targets.url}/api/videos/${video(student)}/transcript`, how);
}

function captions(student, how) {
  return http.get(`${targets.url}/api/videos/${video(student)}/captions.vtt`, how);
}

function watch(student, how) {
  const from = Math.floor(Math.random() * 100);
  const seen = { from_second: from, to_second: from + 10, at: new Date().toISOString() };
  return http.post(
    `${targets.url}/api/videos/${video(student)}/watch`,
    JSON.stringify({ batch_id: uuid(), items: [seen] }),
    how,
  );
}

function search(student, how) {
  return http.get(`${targets.url}/api/search?q=${encodeURIComponent(any(targets.questions))}&limit=10`, how);
}

function play(student, how) {
  return http.get(`${targets.url}/api/videos/${video(student)}/media`, how);
}

function quiz(student, how) {
  return http.get(`${targets.url}/api/quizzes/${any(student.quizzes)}`, how);
}

function attempt(student, how) {
  const key = { ...how, headers: { ...how.headers, "Idempotency-Key": uuid() } };
  return http.post(`${targets.url}/api/quizzes/${any(student.quizzes)}/attempts`, JSON.stringify({ answers: [] }), key);
}

function chat(student, how) {
  const key = { ...how, headers: { ...how.headers, "Idempotency-Key": uuid(), Accept: "application/json" } };
  const body = { question: any(targets.questions), stream: false };
  return http.post(`${targets.url}/api/chat`, JSON.stringify(body), key);
}

function chosen() {
  let at = Math.random() * TOTAL;
  for (const [name, share, ask] of MIX) {
    at -= share;
    if (at < 0) return [name, ask];
  }
  return [MIX[0][0], MIX[0][2]];
}

function video(student) {
  return any(student.videos);
}

function any(values) {
  return values[Math.floor(Math.random() * values.length)];
}

function exponential(mean) {
  return -Math.log(1 - Math.random()) * mean;
}

function uuid() {
  return "xxxxxxxx-xxxx-4xxx-axxx-xxxxxxxxxxxx".replace(/x/g, () => Math.floor(Math.random() * 16).toString(16));
}

export function handleSummary(data) {
  return { [__ENV.SUMMARY]: JSON.stringify(data) };
}
