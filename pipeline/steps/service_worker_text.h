// The scripts of service_worker.h as browsers get them.
#pragma once

#include <string>

namespace skerry::pipeline {

struct WorkerText {
  std::string base = {};     // "/", the folder whose pages it serves
  std::string id = {};       // of the release
  std::string offline = {};  // URL of a page, "" for none
  // "  [URL, Base64 of SHA-256],\n" each
  std::string hashed = {};
  std::string named = {};
};

std::string ActiveWorker(const WorkerText& text);
std::string RetiredWorker(const std::string& base);

}  // namespace skerry::pipeline
